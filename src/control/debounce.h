// When to act on a burst of changes: a moment after the last, but not later than a limit after the
// first. Pure; the caller brings the time.
#pragma once

#include <optional>

#include "base/clock.h"

namespace gatehouse::control {

class Debounce {
 public:
  Debounce() = default;
  Debounce(Nanos quiet, Nanos limit) : quiet_(quiet), limit_(limit) {}

  /// Something changed at `now`.
  void note(MonoTime now);
  /// When to act; nothing if nothing changed since the last take().
  std::optional<MonoTime> due() const;
  /// True once due() has come; what was noted is then forgotten.
  bool take(MonoTime now);

 private:
  Nanos quiet_ = Millis(100);
  Nanos limit_ = Seconds(1);
  std::optional<MonoTime> first_;
  MonoTime last_{};
};

}  // namespace gatehouse::control
