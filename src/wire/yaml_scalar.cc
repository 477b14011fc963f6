#include "wire/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/text.h"
#include "wire/json.h"

namespace gatehouse::wire {
namespace {

using namespace std::string_view_literals;

/// YAML 1.1 knows each word in three spellings: yes, Yes, YES.
bool isWord(std::string_view text, std::string_view lower) {
  bool lower_tail = text.substr(1) == lower.substr(1);
  bool upper_tail =
      std::ranges::equal(text, lower, [](char a, char b) { return a == (b & ~0x20); });
  return upper_tail || (lower_tail && foldChar(text.front()) == lower.front());
}

std::optional<bool> booleanWord(std::string_view text) {
  constexpr std::array kTrue{"true"sv, "yes"sv, "on"sv, "y"sv};
  constexpr std::array kFalse{"false"sv, "no"sv, "off"sv, "n"sv};
  auto matches = [&](std::string_view word) { return isWord(text, word); };
  if (std::ranges::any_of(kTrue, matches)) {
    return true;
  }
  return std::ranges::any_of(kFalse, matches) ? std::optional(false) : std::nullopt;
}

struct Radix {
  int base;
  std::size_t prefix;
};

Radix radixOf(std::string_view digits) {
  if (digits.size() < 2 || digits[0] != '0') {
    return {10, 0};
  }
  switch (foldChar(digits[1])) {
    case 'x':
      return {16, 2};
    case 'o':
      return {8, 2};
    case 'b':
      return {2, 2};
    default:
      return {8, 1};
  }
}

/// `text` has no underscores.
std::optional<Value> integerScalar(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
  Radix radix = radixOf(digits);
  digits.remove_prefix(radix.prefix);
  std::uint64_t magnitude = 0;
  const char* last = digits.data() + digits.size();
  auto [end, error] = std::from_chars(digits.data(), last, magnitude, radix.base);
  if (digits.empty() || end != last || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (error == std::errc() && magnitude <= kMax) {
    auto value = static_cast<std::int64_t>(magnitude);
    return Value(negative ? -value : value);
  }
  std::string sign = negative ? "-" : "";
  if (error == std::errc()) {
    return Value(Number{sign + std::to_string(magnitude)});
  }
  return radix.base == 10 ? std::optional<Value>(Number{sign + std::string(digits)}) : std::nullopt;
}

std::string_view takeDigits(std::string_view& rest) {
  std::string_view digits = rest.substr(0, rest.find_first_not_of("0123456789"));
  rest.remove_prefix(digits.size());
  return digits;
}

/// A decimal float in the spelling of JSON: ".5" becomes "0.5", "+1." becomes "1.0". `text` has no
/// underscores.
std::optional<Value> floatScalar(std::string_view text) {
  bool negative = text.starts_with('-');
  std::string_view rest = text.substr(negative || text.starts_with('+') ? 1 : 0);
  std::string_view whole = takeDigits(rest);
  bool point = rest.starts_with('.');
  rest.remove_prefix(point ? 1 : 0);
  std::string_view fraction = point ? takeDigits(rest) : ""sv;
  if (whole.empty() && fraction.empty()) {
    return std::nullopt;
  }
  std::string_view exponent = rest;
  if (rest.starts_with('e') || rest.starts_with('E')) {
    rest.remove_prefix(1);
    rest.remove_prefix(rest.starts_with('+') || rest.starts_with('-') ? 1 : 0);
    if (takeDigits(rest).empty()) {
      return std::nullopt;
    }
  }
  if (!rest.empty()) {
    return std::nullopt;
  }
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  std::string json = negative ? "-" : "";
  json += whole.empty() ? "0"sv : whole;
  if (point) {
    json += '.';
    json += fraction.empty() ? "0"sv : fraction;
  }
  json += exponent;
  bool integer = !point && exponent.empty();  // 08 and 09, which are no octal numbers
  return integer ? integerScalar(json) : Value(Number{std::move(json)});
}

bool beginsLikeNumber(std::string_view text) {
  return isDigit(text[0]) || text[0] == '-' || text[0] == '+' || text[0] == '.';
}

bool isNotFinite(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  return text.starts_with('.') && text.size() == 4 &&
         (isWord(text.substr(1), "inf") || isWord(text.substr(1), "nan") || text == ".NaN");
}

}  // namespace

std::optional<Value> plainScalar(std::string_view text) {
  if (text.empty() || text == "~" || isWord(text, "null")) {
    return Value();
  }
  if (auto boolean = booleanWord(text)) {
    return Value(*boolean);
  }
  if (!beginsLikeNumber(text)) {
    return Value(text);
  }
  if (isNotFinite(text)) {
    return std::nullopt;
  }
  std::string digits(text);
  std::erase(digits, '_');
  if (auto integer = integerScalar(digits)) {
    return integer;
  }
  if (auto number = floatScalar(digits)) {
    return number;
  }
  return Value(text);
}

}  // namespace gatehouse::wire
