#include "wire/json_string.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace gatehouse::wire {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

bool isHighSurrogate(std::uint32_t code) {
  return code >= 0xD800 && code <= 0xDBFF;
}
bool isLowSurrogate(std::uint32_t code) {
  return code >= 0xDC00 && code <= 0xDFFF;
}

void appendUtf8(std::string& out, std::uint32_t code) {
  auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

/// Takes "\uXXXX" off the front.
std::optional<std::uint32_t> takeUnit(std::string_view& rest) {
  if (!rest.starts_with("\\u") || rest.size() < 6) {
    return std::nullopt;
  }
  auto unit = parseHex(rest.substr(2, 4));
  if (!unit) {
    return std::nullopt;
  }
  rest.remove_prefix(6);
  return static_cast<std::uint32_t>(*unit);
}

bool appendUnicode(std::string& out, std::string_view& rest, LoneSurrogate lone) {
  auto first = takeUnit(rest);
  if (!first) {
    return false;
  }
  if (isHighSurrogate(*first)) {
    std::string_view behind = rest;
    auto second = takeUnit(behind);
    if (second && isLowSurrogate(*second)) {
      rest = behind;
      appendUtf8(out, 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00));
      return true;
    }
  }
  bool alone = isHighSurrogate(*first) || isLowSurrogate(*first);
  appendUtf8(out, alone ? kReplacement : *first);
  return !alone || lone == LoneSurrogate::kReplace;
}

std::optional<char> simpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<std::string> unescapeJson(std::string_view inner, LoneSurrogate lone) {
  std::string out;
  for (std::string_view rest = inner; !rest.empty();) {
    std::size_t plain = std::min(rest.find('\\'), rest.size());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
    if (rest.size() < 2) {
      return rest.empty() ? std::optional(std::move(out)) : std::nullopt;
    }
    if (rest[1] == 'u') {
      if (!appendUnicode(out, rest, lone)) {
        return std::nullopt;
      }
      continue;
    }
    auto plain_char = simpleEscape(rest[1]);
    if (!plain_char) {
      return std::nullopt;
    }
    out += *plain_char;
    rest.remove_prefix(2);
  }
  return out;
}

}  // namespace gatehouse::wire
