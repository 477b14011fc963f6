#include "http/date.h"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace gatehouse::http {
namespace {

void putNumber(char* to, std::size_t digits, unsigned number) {
  for (std::size_t i = digits; i-- > 0; number /= 10) {
    to[i] = static_cast<char>('0' + number % 10);
  }
}

}  // namespace

std::array<char, kDateSize> formatDate(std::int64_t unix_seconds) {
  namespace chr = std::chrono;
  constexpr std::string_view kDays = "SunMonTueWedThuFriSat";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  chr::sys_seconds time{chr::seconds(unix_seconds)};
  auto day = chr::floor<chr::days>(time);
  chr::year_month_day date(day);
  chr::hh_mm_ss clock(time - day);

  std::array<char, kDateSize> text{};
  std::ranges::copy(std::string_view("---, -- --- ---- --:--:-- GMT"), text.begin());
  std::ranges::copy(kDays.substr(3 * chr::weekday(day).c_encoding(), 3), text.begin());
  putNumber(&text[5], 2, static_cast<unsigned>(date.day()));
  std::ranges::copy(kMonths.substr(3 * (static_cast<unsigned>(date.month()) - 1), 3), &text[8]);
  putNumber(&text[12], 4, static_cast<unsigned>(static_cast<int>(date.year())));
  putNumber(&text[17], 2, static_cast<unsigned>(clock.hours().count()));
  putNumber(&text[20], 2, static_cast<unsigned>(clock.minutes().count()));
  putNumber(&text[23], 2, static_cast<unsigned>(clock.seconds().count()));
  return text;
}

std::string_view DateText::at(WallMicros now) {
  std::int64_t second = static_cast<std::int64_t>(now) / 1'000'000;
  if (second != second_) {
    second_ = second;
    text_ = formatDate(second);
  }
  return {text_.data(), text_.size()};
}

}  // namespace gatehouse::http
