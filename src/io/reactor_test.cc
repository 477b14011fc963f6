#include "io/reactor.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "io/gate.h"
#include "io/read_loan.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {
namespace {

TEST(Reactor, RunsPostedWorkInOrderFromAnyThread) {
  Reactor reactor;
  std::vector<int> seen;
  std::jthread other([&] {
    for (int i = 0; i < 1000; ++i) {
      reactor.post([&seen, i] { seen.push_back(i); });
    }
    reactor.post([&reactor] { reactor.quit(); });
  });
  reactor.run();
  other.join();
  ASSERT_EQ(seen.size(), 1000u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Reactor, WorkPostedFromPostedWorkRunsLater) {
  Reactor reactor;
  int runs = 0;
  reactor.post([&] { reactor.post([&] { ++runs; }); });
  reactor.turn(Seconds(1));
  EXPECT_EQ(runs, 0);
  reactor.turn(Seconds(1));
  EXPECT_EQ(runs, 1);
}

TEST(Reactor, TurnEndWorkRunsAfterReadyTasks) {
  Reactor reactor;
  std::string order;
  struct Step final : Ready {
    explicit Step(std::string& out) : out_(out) {}
    void run() override { out_ += "ready "; }
    std::string& out_;
  } step(order);
  reactor.atTurnEnd([&] { order += "end"; });
  reactor.runSoon(step);
  reactor.turn(Seconds(1));
  EXPECT_EQ(order, "ready end");
}

Task<int> yieldTwice(Reactor& reactor, int& turns) {
  int before = turns;
  static_cast<void>(co_await nextTurn(reactor));
  static_cast<void>(co_await nextTurn(reactor));
  co_return turns - before;
}

TEST(Reactor, NextTurnGivesWay) {
  Reactor reactor;
  int turns = 0;
  Gate gate(reactor);
  Stop stop;
  int result = -1;
  spawn(
      gate,
      [](Task<int> task, int& out) -> Task<void> {
        out = co_await std::move(task);
      }(yieldTwice(reactor, turns), result),
      stop
  );
  while (gate.inside() > 0) {
    reactor.turn(Nanos::zero());
    ++turns;
  }
  EXPECT_EQ(result, 2);
}

TEST(ReactorDeathTest, AStaleLoanIsCaught) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Reactor reactor;
  reactor.readSpace()[0] = 'x';
  ReadLoan loan = reactor.lendRead(1);
  EXPECT_EQ(loan.bytes(), "x");
  reactor.turn(Nanos::zero());
  EXPECT_DEATH(static_cast<void>(loan.bytes()), "broken invariant");
}

}  // namespace
}  // namespace gatehouse::io
