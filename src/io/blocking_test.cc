#include "io/blocking.h"

#include <latch>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/gate.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/task.h"

namespace gatehouse::io {
namespace {

Task<Result<std::thread::id>> whereItRuns(BlockingThreads& threads, Reactor& reactor) {
  co_return co_await runBlocking(threads, reactor, []() -> Result<std::thread::id> {
    return std::this_thread::get_id();
  });
}

TEST(Blocking, RunsElsewhereAndResumesHere) {
  Reactor reactor;
  BlockingThreads threads("test", 1);
  Result<std::thread::id> id = runTask(reactor, whereItRuns(threads, reactor));
  ASSERT_TRUE(id.has_value());
  EXPECT_NE(*id, std::this_thread::get_id());
}

struct Waits {
  std::latch* release;
  std::latch* done;
  Result<int> operator()() const {
    release->wait();
    done->count_down();
    return 1;
  }
};

Task<void> waitFor(
    BlockingThreads& threads, Reactor& reactor, Waits work, std::optional<Result<int>>& out
) {
  out.emplace(co_await runBlocking(threads, reactor, work));
}

TEST(Blocking, CancelledItResumesAtOnceAndTheWorkEndsAlone) {
  Reactor reactor;
  BlockingThreads threads("test", 2);
  std::latch release(1);
  std::latch done(1);
  Gate gate(reactor);
  Stop stop;
  std::optional<Result<int>> out;
  spawn(gate, waitFor(threads, reactor, {&release, &done}, out), stop);
  reactor.turn(Nanos::zero());
  stop.request();
  reactor.turn(Nanos::zero());
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->error().kind(), ErrorKind::kCancelled);
  release.count_down();
  done.wait();
  reactor.turn(Seconds(1));  // the late result is dropped
}

TEST(Blocking, FinishesWhatWasSubmittedBeforeItEnds) {
  int runs = 0;
  {
    BlockingThreads threads("test", 1);
    for (int i = 0; i < 100; ++i) {
      threads.submit([&runs] { ++runs; });
    }
  }
  EXPECT_EQ(runs, 100);
}

}  // namespace
}  // namespace gatehouse::io
