// The time a rule leaves to an exchange: `timeouts` of an HTTPRoute rule (GEP-1742).
#pragma once

#include "io/deadline.h"
#include "io/reactor.h"
#include "io/stop.h"

namespace gatehouse::proxy {

/// A Stop that is raised when the client goes or when the time is over, whichever is first. Owner's
/// loop only; the reactor and `gone` outlive it, and it outlives what runs under its Stop.
class TimeLimit {
 public:
  TimeLimit(io::Reactor& reactor, io::Stop& gone)
      : gone_(gone), link_(gone, stop_), timer_(reactor, stop_) {}
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
  ~TimeLimit() = default;

  /// The earliest of all that were given holds; what has passed stays so.
  void notAfter(io::Deadline deadline) {
    if (deadline < deadline_ && !timer_.fired()) {
      deadline_ = deadline;
      timer_.arm(deadline);
    }
  }
  io::Stop& stop() { return stop_; }
  /// Whether the time was over while the client was there.
  bool passed() const { return timer_.fired() && !gone_.requested(); }

 private:
  io::Stop stop_;
  io::Stop& gone_;
  io::StopLink link_;
  io::DeadlineTimer timer_;
  io::Deadline deadline_;
};

}  // namespace gatehouse::proxy
