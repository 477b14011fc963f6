// The timer queue of one reactor: a hierarchical wheel of 1 ms ticks. Arming, re-arming and
// disarming are O(1) and allocate nothing, because every request arms several timers and nearly
// none fires.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "io/list.h"

namespace gatehouse::io {

class TimerQueue;

/// Something that happens at a time. Dying disarms. The call may arm or disarm any timer; it does
/// not resume coroutines.
class Timer : private ListNode {
 public:
  Timer() = default;

  bool armed() const { return linked(); }

 protected:
  virtual ~Timer();

 private:
  friend class TimerQueue;
  friend class List<Timer>;

  virtual void onTimer() = 0;

  TimerQueue* queue_ = nullptr;
  std::uint64_t tick_ = 0;
  std::uint8_t level_ = 0;
  std::uint8_t slot_ = 0;
};

class TimerQueue {
 public:
  explicit TimerQueue(MonoTime start);
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;

  /// Fires at `when` or at most 1 ms (and the length of a turn) later, never before. Re-arms an
  /// armed timer.
  void arm(Timer& timer, MonoTime when);
  void disarm(Timer& timer);
  /// Fires what is due at `now`, in order of ticks. `now` never goes back.
  void advance(MonoTime now);
  /// When advance() has something to do next: never later than the first timer, possibly a little
  /// earlier.
  std::optional<MonoTime> next() const;
  std::size_t size() const { return size_; }

 private:
  static constexpr std::size_t kLevels = 6;  // 64^6 ms: two years
  static constexpr std::size_t kSlots = 64;

  struct Level {
    std::array<List<Timer>, kSlots> slots;
    std::uint64_t occupied = 0;  // bit per slot
  };

  /// A slot with something in it, and the tick at which it is opened.
  struct Due {
    std::size_t level;
    std::size_t slot;
    std::uint64_t tick;
  };

  void place(Timer& timer);
  std::optional<Due> firstDue() const;
  void open(Due due);

  std::array<Level, kLevels> levels_;
  MonoTime start_;
  std::uint64_t current_ = 0;  // every tick up to here has been fired
  std::size_t size_ = 0;
};

}  // namespace gatehouse::io
