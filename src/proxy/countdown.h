// Waits on one thread for what others still have to end. Not for the path of a request.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "base/clock.h"

namespace gatehouse::proxy {

/// Any thread. Shared by all who count.
class Countdown {
 public:
  explicit Countdown(std::size_t count = 0) : left_(count) {}

  /// One more to wait for; before the wait begins.
  void expect() {
    std::lock_guard lock(mutex_);
    ++left_;
  }
  void done() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) {
      changed_.notify_all();
    }
  }
  std::size_t left() const {
    std::lock_guard lock(mutex_);
    return left_;
  }
  /// Returns when all are done. Not on a thread that one of them needs.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return left_ == 0; });
  }
  /// As wait(), at most so long; whether all were done.
  bool wait(Nanos timeout) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [this] { return left_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t left_;
};

}  // namespace gatehouse::proxy
