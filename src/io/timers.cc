#include "io/timers.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "io/list.h"

namespace gatehouse::io {

namespace {

constexpr unsigned kSlotBits = 6;
constexpr std::uint64_t kSlotMask = 63;
/// Ticks the wheel can tell apart; a later timer is opened here and placed again.
constexpr std::uint64_t kReach = (std::uint64_t{1} << (kSlotBits * 6)) - 1;

/// Whole ticks since `start`, rounded down.
std::uint64_t ticksBefore(MonoTime start, MonoTime time) {
  if (time <= start) {
    return 0;
  }
  return static_cast<std::uint64_t>(std::chrono::floor<Millis>(time - start).count());
}

/// Rounded up, so that no timer fires early.
std::uint64_t tickOf(MonoTime start, MonoTime time) {
  std::uint64_t tick = ticksBefore(start, time);
  return start + Millis(tick) < time ? tick + 1 : tick;
}

}  // namespace

Timer::~Timer() {
  if (armed()) {
    queue_->disarm(*this);
  }
}

TimerQueue::TimerQueue(MonoTime start) : start_(start) {}

void TimerQueue::arm(Timer& timer, MonoTime when) {
  if (timer.armed()) {
    disarm(timer);
  }
  timer.queue_ = this;
  // Subtracting first keeps far futures (MonoTime::max()) from overflowing.
  MonoTime latest = start_ + Millis(current_ + kReach);
  timer.tick_ = std::max(tickOf(start_, std::min(when, latest)), current_ + 1);
  place(timer);
  ++size_;
}

void TimerQueue::disarm(Timer& timer) {
  if (!timer.armed()) {
    return;
  }
  timer.unlink();
  Level& level = levels_[timer.level_];
  if (level.slots[timer.slot_].empty()) {
    level.occupied &= ~(std::uint64_t{1} << timer.slot_);
  }
  --size_;
}

void TimerQueue::place(Timer& timer) {
  // The highest bit in which the tick differs from now decides the level: a timer moves down a
  // level each time the wheel reaches its slot, and fires on level 0.
  std::uint64_t differs = (timer.tick_ ^ current_) | kSlotMask;
  auto level = static_cast<std::size_t>(std::bit_width(differs) - 1) / kSlotBits;
  level = std::min(level, kLevels - 1);
  std::size_t slot = (timer.tick_ >> (level * kSlotBits)) & kSlotMask;
  timer.level_ = static_cast<std::uint8_t>(level);
  timer.slot_ = static_cast<std::uint8_t>(slot);
  levels_[level].slots[slot].pushBack(timer);
  levels_[level].occupied |= std::uint64_t{1} << slot;
}

std::optional<TimerQueue::Due> TimerQueue::firstDue() const {
  // Whatever stands on a lower level comes before everything above it.
  for (std::size_t level = 0; level < kLevels; ++level) {
    std::uint64_t occupied = levels_[level].occupied;
    if (occupied == 0) {
      continue;
    }
    std::size_t shift = level * kSlotBits;
    std::size_t here = (current_ >> shift) & kSlotMask;
    auto ahead =
        static_cast<std::size_t>(std::countr_zero(std::rotr(occupied, static_cast<int>(here))));
    std::size_t slot = (here + ahead) & kSlotMask;
    std::uint64_t round = current_ >> (shift + kSlotBits) << (shift + kSlotBits);
    std::uint64_t tick = round + (static_cast<std::uint64_t>(slot) << shift);
    if (tick <= current_) {
      tick += std::uint64_t{1} << (shift + kSlotBits);  // the top level wraps around
    }
    return Due{level, slot, tick};
  }
  return std::nullopt;
}

void TimerQueue::open(Due due) {
  current_ = due.tick;
  Level& level = levels_[due.level];
  List<Timer> opened;
  opened.takeAll(level.slots[due.slot]);
  level.occupied &= ~(std::uint64_t{1} << due.slot);
  while (Timer* timer = opened.popFront()) {
    if (timer->tick_ <= current_) {
      --size_;
      timer->onTimer();
    } else {
      place(*timer);
    }
  }
}

void TimerQueue::advance(MonoTime now) {
  std::uint64_t target = ticksBefore(start_, now);
  while (size_ > 0) {
    std::optional<Due> due = firstDue();
    if (!due || due->tick > target) {
      break;
    }
    open(*due);
  }
  current_ = std::max(current_, target);
}

std::optional<MonoTime> TimerQueue::next() const {
  std::optional<Due> due = firstDue();
  if (!due) {
    return std::nullopt;
  }
  return start_ + Millis(due->tick);
}

}  // namespace gatehouse::io
