// JSON strings, byte by byte: what the escapes stand for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::wire {

/// What becomes of an escaped surrogate without its partner.
enum class LoneSurrogate { kRefuse, kReplace };

/// The text between the quotes of a string, escapes resolved into UTF-8. Nothing if an escape is
/// faulty, or lone and refused; replaced ones become U+FFFD.
std::optional<std::string> unescapeJson(std::string_view inner, LoneSurrogate lone);

}  // namespace gatehouse::wire
