#include "resource/schema/scalar.h"

#include <charconv>
#include <cmath>
#include <string>
#include <utility>

namespace gatehouse::resource {
namespace {

constexpr std::size_t kMaxDurationParts = 4;
constexpr std::size_t kMaxDurationDigits = 5;
constexpr std::size_t kMaxQuantityText = 32;
constexpr double kMaxQuantity = 9.0e18;

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the unit off the front of `rest`: milliseconds a unit, 0 if there is none.
std::int64_t takeUnit(std::string_view& rest) {
  for (const auto& [unit, millis] : {
           std::pair<std::string_view, std::int64_t>{"ms", 1},
           {"s", 1000},
           {"m", 60'000},
           {"h", 3'600'000},
       }) {
    if (rest.starts_with(unit)) {
      rest.remove_prefix(unit.size());
      return millis;
    }
  }
  return 0;
}

/// Factor of a quantity's suffix; 0 if it is none.
double suffixFactor(std::string_view suffix) {
  constexpr double kThousand = 1000.0;
  constexpr double kBinary = 1024.0;
  constexpr std::string_view kSteps = "KMGTPE";
  if (suffix.empty()) {
    return 1.0;
  }
  if (suffix == "m") {
    return 1.0 / kThousand;
  }
  if (suffix == "k") {
    return kThousand;
  }
  const std::size_t step = kSteps.find(suffix.front());
  if (step == std::string_view::npos) {
    return 0.0;
  }
  const auto power = static_cast<double>(step + 1);
  if (suffix.size() == 2 && suffix[1] == 'i') {
    return std::pow(kBinary, power);
  }
  return suffix.size() == 1 && step > 0 ? std::pow(kThousand, power) : 0.0;
}

/// Number of leading characters that make a decimal number, exponent included ("1.5", "2e3", not
/// the E of "1E").
std::size_t numberLength(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && (isDigit(text[length]) || text[length] == '.')) {
    ++length;
  }
  if (length + 1 < text.size() && (text[length] == 'e' || text[length] == 'E')) {
    std::size_t digits = length + 1;
    if (text[digits] == '-' || text[digits] == '+') {
      ++digits;
    }
    if (digits < text.size() && isDigit(text[digits])) {
      while (digits < text.size() && isDigit(text[digits])) {
        ++digits;
      }
      return digits;
    }
  }
  return length;
}

}  // namespace

std::optional<Millis> parseDuration(std::string_view text) {
  std::int64_t total = 0;
  std::size_t parts = 0;
  for (std::string_view rest = text; !rest.empty() || parts == 0; ++parts) {
    std::size_t digits = 0;
    std::int64_t count = 0;
    while (digits < rest.size() && isDigit(rest[digits])) {
      count = count * 10 + (rest[digits] - '0');
      if (++digits > kMaxDurationDigits) {
        return std::nullopt;
      }
    }
    rest.remove_prefix(digits);
    const std::int64_t unit = takeUnit(rest);
    if (digits == 0 || unit == 0 || parts == kMaxDurationParts) {
      return std::nullopt;
    }
    total += count * unit;
  }
  return Millis(total);
}

std::optional<std::int64_t> parseQuantity(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  const std::size_t length = numberLength(text);
  if (length == 0 || text.size() > kMaxQuantityText) {
    return std::nullopt;
  }
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + length, number);
  const double factor = suffixFactor(text.substr(length));
  if (failure != std::errc{} || end != text.data() + length || factor == 0.0) {
    return std::nullopt;
  }
  const double bytes = std::ceil(number * factor);
  if (!(bytes <= kMaxQuantity)) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace gatehouse::resource
