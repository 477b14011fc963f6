// Plain text on views: ASCII folding, trimming, splitting, numbers, and what is needed to show
// foreign bytes to people. ASCII rules only, never the locale's: these are the rules of HTTP, DNS
// names and configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {

constexpr char foldChar(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

/// A-Z become a-z, everything else stays.
std::string fold(std::string_view text);
/// Equal but for the case of ASCII letters.
bool iequals(std::string_view a, std::string_view b);
bool istartsWith(std::string_view text, std::string_view prefix);

/// Without the spaces, tabs, CR and LF at both ends.
std::string_view trim(std::string_view text);
/// The text before and after the first `separator`; nothing if there is none.
std::optional<std::pair<std::string_view, std::string_view>> splitOnce(
    std::string_view text, char separator
);
/// All parts, empty ones included: "a,,b" has three, "" has one.
std::vector<std::string_view> split(std::string_view text, char separator);
/// The same without a vector: takes the next part off `rest`. `for (auto part = takePart(rest,
/// ','); part; ...)`. Begin with `rest` engaged; it is empty after the last part.
std::optional<std::string_view> takePart(std::optional<std::string_view>& rest, char separator);

/// Digits only: no sign, space or empty text; leading zeros are fine; nothing above `max`.
std::optional<std::uint64_t> parseUnsigned(
    std::string_view text, std::uint64_t max = std::numeric_limits<std::uint64_t>::max()
);
/// Hexadecimal digits only, either case, without prefix; at most 16.
std::optional<std::uint64_t> parseHex(std::string_view text);

/// How many bytes of `text`, from its start, are valid UTF-8 (RFC 3629: no surrogates, no overlong
/// forms).
std::size_t validUtf8Prefix(std::string_view text);
/// For logs and messages: control characters and invalid UTF-8 as \n, \t, \xNN; cut at about `max`
/// bytes with "...".
std::string printable(std::string_view text, std::size_t max = 200);

/// `text` as a JSON string, quotes included; bytes that are not UTF-8 become U+FFFD, so the result
/// always is.
void appendQuoted(std::string& out, std::string_view text);

/// Crockford base 32, upper case, 13 characters, so that order of text is order of numbers.
std::string crockford(std::uint64_t number);
void appendCrockford(std::string& out, std::uint64_t number);

/// For "did you mean": the candidate nearest to `wanted`, case ignored, if it is near enough to be
/// a slip of the pen (at most one edit in three characters). Lives as long as the candidate.
std::optional<std::string_view> nearestName(
    std::string_view wanted, std::span<const std::string_view> candidates
);

}  // namespace gatehouse
