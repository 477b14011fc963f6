// The Date field (RFC 9110 section 6.6.1), written once a second. Owned by whatever belongs to the
// worker; owner's thread only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace gatehouse::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate), always this long.
inline constexpr std::size_t kDateSize = 29;

/// Seconds since the Unix epoch, UTC; years 1970 to 9999.
std::array<char, kDateSize> formatDate(std::int64_t unix_seconds);

class DateText {
 public:
  /// The date of `now`; valid until the next call.
  std::string_view at(WallMicros now) [[clang::lifetimebound]];

 private:
  std::int64_t second_ = -1;
  std::array<char, kDateSize> text_{};
};

}  // namespace gatehouse::http
