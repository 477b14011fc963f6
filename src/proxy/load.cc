#include "proxy/load.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "io/machine.h"

namespace gatehouse::proxy {
namespace {

/// What a connection with a request under way costs, generously: its objects, buffers of the
/// kernel, TLS on one side.
constexpr std::uint64_t kPerConnection = 64U << 10;
constexpr std::size_t kLeastBuffered = 16U << 20;
constexpr std::size_t kMostBuffered = 256U << 20;
/// Connections taken between two looks at the descriptors; the reserve holds more than these.
constexpr std::size_t kLookEvery = 16;
/// So long nothing is refused before an episode is over.
constexpr Nanos kCalm = Seconds(10);

std::uint64_t reserveOf(std::uint64_t descriptors) {
  return std::clamp<std::uint64_t>(descriptors / 8, 64, 512);
}

std::size_t shareOf(std::uint64_t all, std::size_t workers) {
  return std::max<std::size_t>(1, (all + workers - 1) / workers);
}

}  // namespace

LoadLimits limitsFor(const LoadWishes& wishes) {
  const std::uint64_t reserve = reserveOf(wishes.descriptors);
  const std::uint64_t usable = wishes.descriptors > reserve ? wishes.descriptors - reserve : 1;
  std::uint64_t streams = std::max<std::uint64_t>(1, usable / 2);
  std::uint64_t buffered = kMostBuffered * wishes.workers;
  if (wishes.memory != 0) {
    streams = std::min(streams, std::max<std::uint64_t>(16, wishes.memory / 2 / kPerConnection));
    buffered = std::min(buffered, wishes.memory / 4);
  }
  LoadLimits limits;
  limits.connections = shareOf(wishes.connections.value_or(streams), wishes.workers);
  limits.requests = shareOf(wishes.requests.value_or(streams), wishes.workers);
  limits.buffered = wishes.buffered ? shareOf(*wishes.buffered, wishes.workers)
                                    : std::max(kLeastBuffered, shareOf(buffered, wishes.workers));
  limits.descriptors = usable;
  return limits;
}

Load::Load(
    unsigned worker,
    io::Reactor& reactor,
    const LoadLimits& limits,
    const Logger& log,
    telemetry::WorkerTelemetry& telemetry
)
    : worker_(worker), reactor_(reactor), limits_(limits), log_(log), telemetry_(telemetry) {}

bool Load::mayAccept() {
  // Those that are only told 503 have room of their own, so that they cannot grow without end.
  const bool was_full = std::exchange(
      full_, connections_ >= limits_.connections + std::max<std::size_t>(8, limits_.connections / 8)
  );
  if (full_) {
    if (!was_full) {
      noteShed(Cause::kConnections);
    }
    return false;
  }
  if (lacks_descriptors_ || ++taken_ % kLookEvery == 0) {
    const bool was_short = lacks_descriptors_;
    lacks_descriptors_ = !io::hasDescriptorBelow(limits_.descriptors);
    if (lacks_descriptors_ && !was_short) {
      noteShed(Cause::kDescriptors);
    }
  }
  return !lacks_descriptors_;
}

void Load::noteShed(Cause cause) {
  telemetry_.shed(toString(cause));
  if (shed_++ == 0) {
    begun_ = reactor_.now();
    log_.warn(
        "overloaded: refusing what is too much",
        {{"cause", toString(cause)},
         {"worker", worker_},
         {"connections", connections_},
         {"most_connections", limits_.connections},
         {"requests", requests_},
         {"most_requests", limits_.requests}}
    );
  }
  last_ = reactor_.now();
  reactor_.timers().arm(*this, last_ + kCalm);
}

void Load::onTimer() {
  log_.info(
      "no longer overloaded",
      {{"worker", worker_},
       {"refused", std::exchange(shed_, 0)},
       {"seconds", std::chrono::duration_cast<Seconds>(last_ - begun_).count()}}
  );
}

std::string_view toString(Load::Cause cause) {
  switch (cause) {
    case Load::Cause::kConnections:
      return "connections";
    case Load::Cause::kRequests:
      return "requests";
    case Load::Cause::kDescriptors:
      return "descriptors";
  }
  return "";
}

}  // namespace gatehouse::proxy
