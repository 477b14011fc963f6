#include "io/process.h"

#include <csignal>
#include <optional>
#include <signal.h>

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

Task<Result<int>> nextOf(Signals& signals) {
  co_return co_await signals.next();
}

TEST(Signals, AreDeliveredAsValues) {
  blockSignals({SIGHUP, SIGUSR1});
  Reactor reactor;
  auto signals = *Signals::start(reactor, {SIGHUP, SIGUSR1});
  ::raise(SIGHUP);
  EXPECT_EQ(runTask(reactor, nextOf(*signals)), SIGHUP);
  Gate gate(reactor);
  Stop stop;
  std::optional<Result<int>> out;
  auto wait = [](Signals& from, std::optional<Result<int>>& result) -> Task<void> {
    result.emplace(co_await from.next());
  };
  spawn(gate, wait(*signals, out), stop);
  reactor.turn(Nanos::zero());
  EXPECT_FALSE(out.has_value());
  ::raise(SIGUSR1);
  while (!out) {
    reactor.turn(Seconds(1));
  }
  EXPECT_EQ(*out, SIGUSR1);
  out.reset();
  spawn(gate, wait(*signals, out), stop);
  reactor.turn(Nanos::zero());
  stop.request();
  reactor.turn(Nanos::zero());
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->error().kind(), ErrorKind::kCancelled);
}

TEST(FdLimit, RaisesSoftToHard) {
  Result<FdLimit> limit = raiseFdLimit();
  ASSERT_TRUE(limit.has_value());
  EXPECT_GE(limit->now, limit->before);
  EXPECT_GT(limit->now, 0u);
}

}  // namespace
}  // namespace gatehouse::io
