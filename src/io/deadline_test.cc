#include "io/deadline.h"

#include <optional>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/gate.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {
namespace {

/// A reactor whose time the test moves.
struct Timed {
  ManualClock clock;
  Reactor reactor{{.clock = &clock}};
};

Task<void> sleepThenMark(Reactor& reactor, Nanos time, std::optional<Result<void>>& out) {
  out = co_await sleepFor(reactor, time);
}

TEST(Sleep, EndsWhenItsTimeComes) {
  Timed timed;
  Gate gate(timed.reactor);
  Stop stop;
  std::optional<Result<void>> out;
  spawn(gate, sleepThenMark(timed.reactor, Seconds(30), out), stop);
  timed.reactor.turn(Nanos::zero());
  timed.clock.advance(Seconds(29));
  timed.reactor.turn(Nanos::zero());
  EXPECT_FALSE(out.has_value());
  timed.clock.advance(Seconds(1));
  timed.reactor.turn(Nanos::zero());
  ASSERT_TRUE(out.has_value());
  EXPECT_TRUE(out->has_value());
}

TEST(Sleep, IsCancelled) {
  Timed timed;
  Gate gate(timed.reactor);
  Stop stop;
  std::optional<Result<void>> out;
  spawn(gate, sleepThenMark(timed.reactor, Seconds(30), out), stop);
  timed.reactor.turn(Nanos::zero());
  stop.request();
  timed.reactor.turn(Nanos::zero());
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(timed.reactor.timers().size(), 0u);
}

Task<Result<int>> waitAndAnswer(Event& event) {
  GATEHOUSE_CO_CHECK_OK(co_await event.wait());
  co_return 7;
}

Task<void> limited(Reactor& reactor, Event& event, std::optional<Result<int>>& out) {
  out = co_await withDeadline(
      reactor,
      Deadline::after(reactor, Seconds(5)),
      waitAndAnswer(event),
      Origin::kUpstream,
      "no answer"
  );
}

TEST(WithDeadline, TellsTimeoutFromCancellationAndSuccess) {
  for (ErrorKind expected : {ErrorKind::kTimeout, ErrorKind::kCancelled, ErrorKind::kInternal}) {
    Timed timed;
    Gate gate(timed.reactor);
    Stop stop;
    Event event(timed.reactor);
    std::optional<Result<int>> out;
    spawn(gate, limited(timed.reactor, event, out), stop);
    timed.reactor.turn(Nanos::zero());
    EXPECT_FALSE(out.has_value());
    if (expected == ErrorKind::kTimeout) {
      timed.clock.advance(Seconds(5));
    } else if (expected == ErrorKind::kCancelled) {
      stop.request();
    } else {
      event.notify();
    }
    timed.reactor.turn(Nanos::zero());
    ASSERT_TRUE(out.has_value());
    if (expected == ErrorKind::kInternal) {
      EXPECT_EQ(*out, 7);
    } else {
      EXPECT_EQ(out->error().kind(), expected);
    }
    EXPECT_EQ(timed.reactor.timers().size(), 0u);
  }
}

TEST(Deadline, ComparesAndCombines) {
  Deadline soon(MonoTime(Seconds(1)));
  EXPECT_TRUE(Deadline::never().isNever());
  EXPECT_EQ(soon.orEarlier(Deadline::never()), soon);
  EXPECT_LT(soon, Deadline::never());
}

}  // namespace
}  // namespace gatehouse::io
