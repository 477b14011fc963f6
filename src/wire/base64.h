// Base64 (RFC 4648): section 4 with padding, section 5 (URL-safe) without.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::wire {

std::string encodeBase64(std::string_view bytes);
std::string encodeBase64Url(std::string_view bytes);

/// Nothing if the text is not base64: foreign characters, missing or misplaced padding, unused bits
/// that are not zero. CR and LF are skipped, as Kubernetes does.
std::optional<std::string> decodeBase64(std::string_view text);
/// Without padding; nothing is skipped.
std::optional<std::string> decodeBase64Url(std::string_view text);

}  // namespace gatehouse::wire
