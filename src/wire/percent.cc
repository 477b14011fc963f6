#include "wire/percent.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace gatehouse::wire {
namespace {

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] == '%') {
      std::string_view digits = text.substr(i + 1, 2);
      auto byte = parseHex(digits);
      if (digits.size() < 2 || !byte) {
        return std::nullopt;
      }
      out += static_cast<char>(*byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool isUnreserved(char c) {
  char folded = foldChar(c);
  return (folded >= 'a' && folded <= 'z') || isDigit(c) || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

std::string encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (isUnreserved(c) || (c == '/' && keep_slash)) {
      out += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace

std::optional<std::string> decodePercent(std::string_view text) {
  return decode(text, false);
}
std::optional<std::string> decodeQueryPart(std::string_view text) {
  return decode(text, true);
}
std::string encodePercent(std::string_view text) {
  return encode(text, false);
}
std::string encodePath(std::string_view text) {
  return encode(text, true);
}

}  // namespace gatehouse::wire
