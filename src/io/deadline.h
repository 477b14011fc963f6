// Points in time by which something must be done, and what happens when it is not.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "io/reactor.h"
#include "io/task.h"

namespace gatehouse::io {

/// A moment, or never. Passed down unchanged, so that one limit covers all steps below it.
class Deadline {
 public:
  /// Never.
  Deadline() = default;
  explicit Deadline(MonoTime at) : at_(at) {}
  static Deadline never() { return {}; }
  static Deadline after(const Reactor& reactor, Nanos time) {
    return Deadline(reactor.now() + time);
  }

  bool isNever() const { return at_ == MonoTime::max(); }
  MonoTime at() const { return at_; }
  Deadline orEarlier(Deadline other) const { return Deadline(std::min(at_, other.at_)); }

  friend auto operator<=>(Deadline, Deadline) = default;

 private:
  MonoTime at_ = MonoTime::max();
};

/// Raises a Stop at a time. The cheap form for loops: one per connection, armed and disarmed for
/// each step. `stop` and the reactor outlive it.
class DeadlineTimer final : private Timer {
 public:
  DeadlineTimer(Reactor& reactor, Stop& stop) : reactor_(reactor), stop_(stop) {}

  /// Replaces what was armed; a past deadline fires in the next turn, never() disarms.
  void arm(Deadline deadline);
  void disarm();
  /// Tells "too late" from "cancelled by somebody else".
  bool fired() const { return fired_; }

 private:
  void onTimer() override;

  Reactor& reactor_;
  Stop& stop_;
  bool fired_ = false;
};

/// `co_await sleepUntil(reactor, when)`: Result<void>; kCancelled.
class Sleep final : public Waiter, private Timer {
 public:
  Sleep(Reactor& reactor, Deadline until) : Waiter(reactor), until_(until) {}
  bool await_ready() const { return false; }
  Result<void> await_resume();

 private:
  void onSuspend() override;
  void onTimer() override { wake(); }

  Deadline until_;
};
inline Sleep sleepUntil(Reactor& reactor, Deadline until) {
  return {reactor, until};
}
inline Sleep sleepFor(Reactor& reactor, Nanos time) {
  return {reactor, Deadline::after(reactor, time)};
}

/// Runs the task under a Stop of its own that is raised with the caller's, or when the deadline
/// passes. In the latter case an Error{kCancelled} becomes Error{kTimeout, origin, what}; a result
/// the task still delivers is kept.
template <typename T>
Task<Result<T>> withDeadline(
    Reactor& reactor, Deadline deadline, Task<Result<T>> task, Origin origin, std::string what
) {
  Stop stop;
  StopLink link(co_await currentStop(), stop);
  DeadlineTimer timer(reactor, stop);
  timer.arm(deadline);
  Result<T> result = co_await withStop(stop, std::move(task));
  if (!result && timer.fired() && result.error().kind() == ErrorKind::kCancelled) {
    co_return fail(ErrorKind::kTimeout, origin, std::move(what));
  }
  co_return result;
}

}  // namespace gatehouse::io
