#include "io/gate.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {
namespace {

Task<void> waitFor(Event& event, int& done) {
  static_cast<void>(co_await event.wait());
  ++done;
}

Task<Result<void>> closeGate(Gate& gate) {
  co_return co_await gate.close();
}

TEST(Gate, RefusesOnceClosed) {
  Reactor reactor;
  Gate gate(reactor);
  EXPECT_TRUE(gate.enter());
  gate.leave();
  EXPECT_TRUE(runTask(reactor, closeGate(gate)).has_value());
  EXPECT_TRUE(gate.closed());
  EXPECT_FALSE(gate.enter());
  EXPECT_FALSE(static_cast<bool>(GateHold(gate)));
  Stop stop;
  int done = 0;
  Event event(reactor);
  EXPECT_FALSE(spawn(gate, waitFor(event, done), stop));
  EXPECT_EQ(done, 0);
}

Task<int> closeAndCount(Gate& gate, Event& event, int& done) {
  event.notify();
  static_cast<void>(co_await gate.close());
  co_return done;
}

TEST(Gate, CloseWaitsForSpawnedTasks) {
  Reactor reactor;
  Gate gate(reactor);
  Stop stop;
  Event event(reactor);
  int done = 0;
  ASSERT_TRUE(spawn(gate, waitFor(event, done), stop));
  EXPECT_EQ(gate.inside(), 1u);
  EXPECT_EQ(done, 0) << "spawn starts nothing before the caller gives way";
  reactor.turn(Nanos::zero());
  EXPECT_EQ(runTask(reactor, closeAndCount(gate, event, done)), 1);
  EXPECT_EQ(gate.inside(), 0u);
}

TEST(Gate, CloseCanBeCancelledAndAwaitedAgain) {
  Reactor reactor;
  Gate gate(reactor);
  Stop stop;
  Event event(reactor);
  int done = 0;
  ASSERT_TRUE(spawn(gate, waitFor(event, done), stop));
  Stop closer;
  closer.request();
  Result<void> closed = runTask(reactor, closeGate(gate), closer);
  ASSERT_FALSE(closed.has_value());
  EXPECT_EQ(closed.error().kind(), ErrorKind::kCancelled);
  stop.request();
  EXPECT_TRUE(runTask(reactor, closeGate(gate)).has_value());
  EXPECT_EQ(done, 1);
}

TEST(Gate, DrainWaitsThoughItsTaskIsStopped) {
  Reactor reactor;
  Gate gate(reactor);
  Stop stop;
  Event event(reactor);
  int done = 0;
  ASSERT_TRUE(spawn(gate, waitFor(event, done), stop));
  reactor.turn(Nanos::zero());
  event.notify();
  Stop raised;
  raised.request();
  runTask(reactor, drain(gate), raised);
  EXPECT_EQ(done, 1);
}

TEST(Child, BeginsAtOnceAndRunsOnBesideItsOwner) {
  Reactor reactor;
  Stop stop;
  Event event(reactor);
  int done = 0;
  event.notify();
  Child at_once(waitFor(event, done), stop);
  EXPECT_EQ(done, 1);
  Child waiting(waitFor(event, done), stop);
  EXPECT_EQ(done, 1);
  event.notify();
  reactor.turn(Nanos::zero());
  EXPECT_EQ(done, 2);
}

TEST(Child, DiesWithItsOwnerWhereverItWaits) {
  Reactor reactor;
  Stop stop;
  Event event(reactor);
  int done = 0;
  {
    Child waiting(waitFor(event, done), stop);
  }
  event.notify();
  reactor.turn(Nanos::zero());
  stop.request();
  EXPECT_EQ(done, 0);
  EXPECT_TRUE(event.happened());
}

}  // namespace
}  // namespace gatehouse::io
