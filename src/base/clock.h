// Time. Durations are std::chrono; a MonoTime never goes back and means nothing outside this
// process.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

namespace gatehouse {

using Nanos = std::chrono::nanoseconds;
using Micros = std::chrono::microseconds;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using MonoTime = std::chrono::steady_clock::time_point;
/// Microseconds since the Unix epoch, UTC.
enum class WallMicros : std::int64_t {};

/// Where time comes from. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual MonoTime now() const = 0;
  virtual WallMicros wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  MonoTime now() const override { return MonoTime(read(CLOCK_MONOTONIC)); }
  WallMicros wall() const override {
    return WallMicros{std::chrono::duration_cast<Micros>(read(CLOCK_REALTIME)).count()};
  }

 private:
  // What the clocks of std::chrono read, without their calls: a request asks eight times.
  static Nanos read(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return Seconds(time.tv_sec) + Nanos(time.tv_nsec);
  }
};

/// Stands still until told; owner's thread only. For tests.
class ManualClock final : public Clock {
 public:
  MonoTime now() const override { return now_; }
  WallMicros wall() const override { return wall_; }
  void advance(Nanos by) {
    now_ += by;
    wall_ = WallMicros{
        static_cast<std::int64_t>(wall_) + std::chrono::duration_cast<Micros>(by).count()
    };
  }

 private:
  MonoTime now_{Seconds(1000)};
  WallMicros wall_{1'700'000'000'000'000};
};

}  // namespace gatehouse
