#include "http/upgrade/tunnel.h"

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "http/timed_stream.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/stop.h"
#include "io/waiter.h"

namespace gatehouse::http {
namespace {

/// What both directions know.
class Flow {
 public:
  Flow(io::Reactor& reactor, TunnelLimits limits)
      : limits_(limits), over_(reactor), reactor_(reactor), moved_(reactor.now()) {}

  io::Reactor& reactor() { return reactor_; }
  Nanos patience() const { return limits_.write; }
  void noteMoved() { moved_ = reactor_.now(); }
  io::Deadline idleDeadline() const {
    return limits_.idle == Nanos(0) ? io::Deadline::never() : io::Deadline(moved_ + limits_.idle);
  }
  io::Deadline endDeadline() const {
    return limits_.write == Nanos(0) ? io::Deadline::never()
                                     : io::Deadline::after(reactor_, limits_.write);
  }
  bool idleTooLong() const { return idleDeadline() <= io::Deadline(reactor_.now()); }

  /// One direction has come to its end, or cannot go on: then the other does not either.
  void ended(Result<void> how) {
    --running_;
    if (!how && failure_ == nullptr) {
      failure_ = std::make_unique<Error>(std::move(how).error());
    }
    if (running_ == 0 || failure_ != nullptr) {
      over_.notify();
    }
  }
  io::Event::Wait untilOver() { return over_.wait(); }
  Result<void> result() {
    return failure_ == nullptr ? Result<void>() : Result<void>(fail(*std::move(failure_)));
  }

 private:
  TunnelLimits limits_;
  io::Event over_;
  io::Reactor& reactor_;
  MonoTime moved_;
  std::unique_ptr<Error> failure_;
  int running_ = 2;
};

/// As an error of that side.
Error sideError(Error error, Origin side) {
  const bool gone = error.kind() == ErrorKind::kPeerClosed;
  const ErrorKind kind =
      gone && side == Origin::kUpstream ? ErrorKind::kUpstreamClosed : error.kind();
  return std::move(error).because(kind, side, "after the switch of protocols");
}

class Direction {
 public:
  struct Side {
    TunnelEnd& end;
    Origin origin;
  };
  Direction(Flow& flow, Side from, Side to) : flow_(flow), from_(from), to_(to) {}

  io::Task<void> run() { flow_.ended(co_await pass()); }

 private:
  io::Task<Result<void>> pass() {
    std::string first = std::exchange(from_.end.received, {});
    from_.end.bytes_in += first.size();
    if (!first.empty()) {
      GATEHOUSE_CO_CHECK_OK(co_await send(first));
    }
    std::string().swap(first);
    for (;;) {
      auto count = co_await TimedRead(
          from_.end.stream, flow_.reactor().readSpace(), flow_.idleDeadline(), from_.origin
      );
      if (!count && count.error().kind() == ErrorKind::kTimeout && !flow_.idleTooLong()) {
        continue;  // the other direction has moved meanwhile
      }
      if (!count) {
        co_return readError(std::move(count).error());
      }
      if (*count == 0) {
        break;
      }
      from_.end.bytes_in += *count;
      flow_.noteMoved();
      GATEHOUSE_CO_CHECK_OK(co_await send({flow_.reactor().readSpace().data(), *count}));
      if (ranLong(*count)) {
        GATEHOUSE_CO_CHECK_OK(co_await io::nextTurn(flow_.reactor()));
      }
    }
    co_return co_await tellEnd();
  }

  /// Where both ends are as fast as we are, no wait ever lets others run.
  bool ranLong(std::size_t count) {
    constexpr std::size_t kRun = 512U << 10;
    // Within one turn the loop's time stands still.
    const MonoTime now = flow_.reactor().now();
    run_ = std::exchange(turn_, now) == now ? run_ + count : count;
    const bool too_long = run_ > kRun;
    run_ = too_long ? 0 : run_;
    return too_long;
  }

  io::Task<Result<void>> tellEnd() {
    auto told = co_await io::withDeadline(
        flow_.reactor(),
        flow_.endDeadline(),
        to_.end.stream.shutdownWrite(),
        to_.origin,
        "the peer does not take the end"
    );
    co_return told ? Result<void>() : fail(sideError(std::move(told).error(), to_.origin));
  }

  std::unexpected<Error> readError(Error error) {
    if (error.kind() == ErrorKind::kTimeout) {
      return fail(ErrorKind::kTimeout, Origin::kUpstream, "no byte either way within the limit");
    }
    return fail(sideError(std::move(error), from_.origin));
  }

  io::Task<Result<void>> send(std::string_view bytes) {
    const std::array<std::string_view, 1> parts = {bytes};
    const TimedWrite::Rules rules{
        .patience = flow_.patience(), .unsent = Unsent::kCopied, .origin = to_.origin
    };
    TimedWrite write(to_.end.stream, parts, rules);
    auto sent = co_await write;
    to_.end.bytes_out += write.taken();
    to_.end.stall += write.waited();
    flow_.noteMoved();
    if (!sent) {
      co_return fail(sideError(std::move(sent).error(), to_.origin));
    }
    co_return Result<void>();
  }

  Flow& flow_;
  Side from_;
  Side to_;
  MonoTime turn_{};
  std::size_t run_ = 0;  // bytes passed on in it
};

}  // namespace

io::Task<Result<void>> tunnel(TunnelEnd& client, TunnelEnd& upstream, TunnelLimits limits) {
  Flow flow(client.stream.reactor(), limits);
  Direction up(flow, {client, Origin::kDownstream}, {upstream, Origin::kUpstream});
  Direction down(flow, {upstream, Origin::kUpstream}, {client, Origin::kDownstream});
  io::Stop never;
  const io::Child upward(up.run(), never);
  const io::Child downward(down.run(), never);
  GATEHOUSE_CO_CHECK_OK(co_await flow.untilOver());
  co_return flow.result();
}

}  // namespace gatehouse::http
