#include "io/timers.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace gatehouse::io {
namespace {

constexpr MonoTime kStart{Seconds(1000)};

class Recorder final : public Timer {
 public:
  explicit Recorder(std::vector<int>& fired, int id) : fired_(fired), id_(id) {}
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() override = default;

 private:
  void onTimer() override { fired_.push_back(id_); }

  std::vector<int>& fired_;
  int id_;
};

TEST(TimerQueue, FiresInOrderNeverEarly) {
  std::vector<int> fired;
  TimerQueue queue(kStart);
  Recorder one(fired, 1);
  Recorder two(fired, 2);
  Recorder far(fired, 3);
  queue.arm(far, kStart + Seconds(100));
  queue.arm(two, kStart + Millis(7));
  queue.arm(one, kStart + Micros(2500));
  EXPECT_EQ(queue.size(), 3u);
  queue.advance(kStart + Micros(2400));
  EXPECT_TRUE(fired.empty());
  queue.advance(kStart + Millis(3));
  EXPECT_EQ(fired, std::vector<int>{1});
  queue.advance(kStart + Seconds(99));
  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
  queue.advance(kStart + Seconds(100));
  EXPECT_EQ(fired, (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_FALSE(queue.next().has_value());
}

TEST(TimerQueue, DisarmAndDestructionForget) {
  std::vector<int> fired;
  TimerQueue queue(kStart);
  Recorder kept(fired, 1);
  {
    Recorder gone(fired, 2);
    queue.arm(gone, kStart + Millis(5));
  }
  queue.arm(kept, kStart + Millis(5));
  queue.disarm(kept);
  queue.disarm(kept);
  EXPECT_FALSE(queue.next().has_value());
  queue.advance(kStart + Seconds(1));
  EXPECT_TRUE(fired.empty());
}

TEST(TimerQueue, PastAndEndlessTimes) {
  std::vector<int> fired;
  TimerQueue queue(kStart);
  Recorder past(fired, 1);
  Recorder never(fired, 2);
  queue.arm(past, kStart - Seconds(5));
  queue.arm(never, MonoTime::max());
  ASSERT_TRUE(queue.next().has_value());
  EXPECT_LE(*queue.next(), kStart + Millis(1));
  queue.advance(kStart + Millis(1));
  EXPECT_EQ(fired, std::vector<int>{1});
  queue.advance(kStart + std::chrono::hours(24 * 365));
  EXPECT_EQ(fired, std::vector<int>{1});
  EXPECT_TRUE(never.armed());
}

/// Re-arms itself from its own call.
class Ticker final : public Timer {
 public:
  explicit Ticker(TimerQueue& queue) : queue_(queue) {}
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
  ~Ticker() override = default;

  int ticks = 0;
  MonoTime at = kStart;

  void arm() {
    at += Millis(10);
    queue_.arm(*this, at);
  }

 private:
  void onTimer() override {
    ++ticks;
    arm();
  }

  TimerQueue& queue_;
};

TEST(TimerQueue, ATimerMayArmItselfAgain) {
  TimerQueue queue(kStart);
  Ticker ticker(queue);
  ticker.arm();
  queue.advance(kStart + Millis(1005));
  EXPECT_EQ(ticker.ticks, 100);
}

/// The wheel agrees with a sorted map over random arming, disarming and jumps of every size.
TEST(TimerQueue, AgreesWithASortedList) {
  constexpr int kTimers = 300;
  std::mt19937_64 random(20251122);
  std::vector<int> fired;
  TimerQueue queue(kStart);
  std::vector<std::unique_ptr<Recorder>> timers;
  for (int i = 0; i < kTimers; ++i) {
    timers.push_back(std::make_unique<Recorder>(fired, i));
  }
  std::map<int, std::int64_t> due;
  std::int64_t now = 0;
  for (int step = 0; step < 20'000; ++step) {
    int id = static_cast<int>(random() % kTimers);
    switch (random() % 3) {
      case 0: {
        std::int64_t at = now + 1 + static_cast<std::int64_t>(random() >> (40 + random() % 23));
        queue.arm(*timers[static_cast<std::size_t>(id)], kStart + Millis(at));
        due[id] = at;
        break;
      }
      case 1:
        queue.disarm(*timers[static_cast<std::size_t>(id)]);
        due.erase(id);
        break;
      default: {
        if (std::optional<MonoTime> next = queue.next()) {
          for (const auto& [_, at] : due) {
            ASSERT_LE(*next, kStart + Millis(at));
          }
        }
        now += static_cast<std::int64_t>(random() >> (44 + random() % 19));
        fired.clear();
        queue.advance(kStart + Millis(now));
        std::int64_t last = 0;
        for (int each : fired) {
          ASSERT_TRUE(due.contains(each));
          ASSERT_LE(due[each], now);
          ASSERT_GE(due[each], last) << "out of order";
          last = due[each];
          due.erase(each);
        }
        for (const auto& [_, at] : due) {
          ASSERT_GT(at, now) << "missed";
        }
        ASSERT_EQ(queue.size(), due.size());
      }
    }
  }
}

}  // namespace
}  // namespace gatehouse::io
