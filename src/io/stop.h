// "Please stop", as a value: source and token in one. Every task runs under a Stop and every
// awaiter of this room obeys it. A Stop belongs to one thread; it is raised once and stays raised.
#pragma once

#include "io/list.h"

namespace gatehouse::io {

class Stop;

/// Called once when the Stop it is armed on is raised. The call only marks and wakes: it neither
/// resumes coroutines nor destroys anything but itself. Dying disarms.
class StopCallback : private ListNode {
 public:
  StopCallback() = default;

  /// False, and nothing armed, when `stop` is raised already.
  [[nodiscard]] bool arm(Stop& stop);
  void disarm() { unlink(); }
  bool armed() const { return linked(); }

 protected:
  virtual ~StopCallback() = default;

 private:
  friend class Stop;
  friend class List<StopCallback>;

  virtual void onStop() = 0;
};

class Stop {
 public:
  Stop() = default;
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
  /// No task may still run under it.
  ~Stop() = default;

  bool requested() const { return requested_; }
  /// Raises it and calls every armed callback. A second call does nothing.
  void request();

 private:
  friend class StopCallback;

  List<StopCallback> callbacks_;
  bool requested_ = false;
};

/// While it lives, raising `parent` raises `child`, never the reverse. Both outlive it.
class StopLink final : private StopCallback {
 public:
  StopLink(Stop& parent, Stop& child);

 private:
  void onStop() override { child_.request(); }

  Stop& child_;
};

}  // namespace gatehouse::io
