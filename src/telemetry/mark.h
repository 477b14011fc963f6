// A moment of a request, as microseconds from its start, or a duration in microseconds; absent
// until set. Four bytes: exact below 35 minutes, to the millisecond above, at most 24 days.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace gatehouse::telemetry {

class Mark {
 public:
  constexpr Mark() = default;
  constexpr explicit Mark(Micros value) : bits_(encode(value.count())) {}

  constexpr bool known() const { return bits_ != kAbsent; }
  constexpr explicit operator bool() const { return known(); }
  /// The value in microseconds; nothing if absent.
  constexpr std::optional<std::int64_t> micros() const {
    return known() ? std::optional(decode(bits_)) : std::nullopt;
  }
  /// The value in microseconds, zero if absent: only where a missing part adds nothing to a sum.
  constexpr std::int64_t orZero() const { return known() ? decode(bits_) : 0; }

  friend constexpr bool operator==(Mark a, Mark b) = default;
  /// The later of two moments; an absent one comes before all.
  friend constexpr Mark later(Mark a, Mark b) { return a.bits_ + 1 < b.bits_ + 1 ? b : a; }

 private:
  static constexpr std::uint32_t kAbsent = 0xFFFF'FFFF;
  static constexpr std::uint32_t kCoarse = 0x8000'0000;  // the other bits are milliseconds

  static constexpr std::uint32_t encode(std::int64_t micros) {
    if (micros < std::int64_t{kCoarse}) {
      return static_cast<std::uint32_t>(std::max<std::int64_t>(micros, 0));
    }
    return kCoarse | static_cast<std::uint32_t>(std::min<std::int64_t>(micros / 1000, kCoarse - 2));
  }
  static constexpr std::int64_t decode(std::uint32_t bits) {
    return (bits & kCoarse) == 0 ? std::int64_t{bits} : std::int64_t{bits & ~kCoarse} * 1000;
  }

  std::uint32_t bits_ = kAbsent;
};

}  // namespace gatehouse::telemetry
