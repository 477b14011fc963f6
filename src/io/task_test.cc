#include "io/task.h"

#include <coroutine>
#include <malloc.h>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/waiter.h"

namespace gatehouse::io {
namespace {

/// Counts how many live.
class Counted {
 public:
  explicit Counted(int& alive) : alive_(&alive) { ++*alive_; }
  Counted(Counted&& other) noexcept : alive_(std::exchange(other.alive_, nullptr)) {}
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (alive_ != nullptr) {
      --*alive_;
    }
  }

 private:
  int* alive_;
};

Task<int> answer() {
  co_return 42;
}

Task<std::unique_ptr<std::string>> moveOnly() {
  co_return std::make_unique<std::string>("hello");
}

Task<void> mark(int& runs) {
  ++runs;
  co_return;
}

Task<int> addAnswers() {
  co_return co_await answer() + co_await answer();
}

TEST(Task, DeliversValuesOfAnyKind) {
  Reactor reactor;
  EXPECT_EQ(runTask(reactor, addAnswers()), 84);
  EXPECT_EQ(*runTask(reactor, moveOnly()), "hello");
}

TEST(Task, IsLazyAndDestroyedUnstartedWithoutRunning) {
  int runs = 0;
  {
    Task<void> task = mark(runs);
    EXPECT_TRUE(static_cast<bool>(task));
  }
  EXPECT_EQ(runs, 0);
  Reactor reactor;
  runTask(reactor, mark(runs));
  EXPECT_EQ(runs, 1);
}

Task<int> keeps(Counted /*kept*/) {
  co_return 1;
}

Task<int> aliveAfterNamedTask(int& alive) {
  Task<int> child = keeps(Counted(alive));
  static_cast<void>(co_await std::move(child));
  co_return alive;
}

TEST(Task, FreesTheFrameWhenItsResultWasTaken) {
  Reactor reactor;
  int alive = 0;
  EXPECT_EQ(runTask(reactor, aliveAfterNamedTask(alive)), 0);
}

Task<int> sumTo(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    sum += co_await answer() - 41;
  }
  co_return sum;
}

Task<int> descend(int depth) {
  if (depth == 0) {
    co_return 0;
  }
  co_return 1 + co_await descend(depth - 1);
}

TEST(Task, SymmetricTransferDoesNotGrowTheStack) {
  Reactor reactor;
  EXPECT_EQ(runTask(reactor, sumTo(200'000)), 200'000);
  EXPECT_EQ(runTask(reactor, descend(20'000)), 20'000);
}

Task<Stop*> seenStop() {
  co_return &co_await currentStop();
}

Task<Stop*> seenTwoDown() {
  co_return co_await seenStop();
}

Task<Stop*> seenUnder(Stop& other) {
  co_return co_await withStop(other, seenTwoDown());
}

TEST(Task, InheritsTheStopOfItsAwaiter) {
  Reactor reactor;
  Stop root;
  Stop other;
  EXPECT_EQ(runTask(reactor, seenTwoDown(), root), &root);
  EXPECT_EQ(runTask(reactor, seenUnder(other), root), &other);
}

Task<void> holdAcrossWait(Counted /*kept*/, Event& event) {
  static_cast<void>(co_await event.wait());
}

/// Drives a task by hand, so that it can be destroyed while it waits.
struct Driver {
  struct promise_type : Promise {
    promise_type(Task<void>&, Stop& stop) { runUnder(stop); }
    Driver get_return_object() {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
  };
  std::coroutine_handle<promise_type> handle;
};

Driver drive(Task<void> task, Stop& /*stop*/) {
  co_await std::move(task);
}

TEST(Task, DestroyedWhileWaitingLeavesEveryList) {
  Reactor reactor;
  Event event(reactor);
  Stop stop;
  int alive = 0;
  Driver driver = drive(holdAcrossWait(Counted(alive), event), stop);
  driver.handle.resume();
  EXPECT_EQ(alive, 1);
  event.notify();  // on the ready list now
  driver.handle.destroy();
  EXPECT_EQ(alive, 0);
  reactor.turn(Nanos::zero());
  stop.request();
  reactor.turn(Nanos::zero());
}

Task<void> throws() {
  throw std::runtime_error("boom");
  co_return;
}

TEST(TaskDeathTest, AnExceptionEndsTheProcessWithItsText) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Reactor reactor;
        runTask(reactor, throws());
      },
      "exception left a task: boom"
  );
}

Task<void> empty() {
  co_return;
}

TEST(Task, SmallFramesStaySmall) {
  Task<void> task = empty();
  // Two function pointers, promise, index: what every step of a request costs at least.
  EXPECT_LE(::malloc_usable_size(task.frameAddress()), 72u);
}

}  // namespace
}  // namespace gatehouse::io
