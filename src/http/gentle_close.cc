#include "http/gentle_close.h"

#include <algorithm>

#include "http/timed_stream.h"
#include "io/deadline.h"

namespace gatehouse::http {
namespace {

// How long and how much of what a client still sends is read.
constexpr Nanos kLinger = Seconds(2);
constexpr std::size_t kLingerBytes = 1 << 20;

}  // namespace

io::Task<void> endGently(io::Stream& stream, Nanos patience) {
  io::Reactor& reactor = stream.reactor();
  Result<void> told = co_await io::withDeadline(
      reactor,
      io::Deadline::after(reactor, patience),
      stream.shutdownWrite(),
      Origin::kDownstream,
      "the client does not take the end"
  );
  auto deadline = io::Deadline::after(reactor, kLinger);
  for (std::size_t budget = told ? kLingerBytes : 0; budget != 0;) {
    auto count = co_await TimedRead(stream, reactor.readSpace(), deadline, Origin::kDownstream);
    if (!count || *count == 0) {
      co_return;
    }
    budget -= std::min(budget, *count);
  }
}

}  // namespace gatehouse::http
