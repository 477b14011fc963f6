// Percent-encoding (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::wire {

/// Every %XX becomes its byte; nothing if a '%' is not followed by two hexadecimal digits. '+'
/// stays '+'.
std::optional<std::string> decodePercent(std::string_view text);
/// The same for a part of a query: '+' is a space.
std::optional<std::string> decodeQueryPart(std::string_view text);

/// Encodes all but unreserved characters (section 2.3), so that the result is one path segment or
/// one part of a query.
std::string encodePercent(std::string_view text);
/// The same, but '/' stays.
std::string encodePath(std::string_view text);

}  // namespace gatehouse::wire
