// A connection that has left HTTP: after 101 (Switching Protocols) its bytes are no message any
// more (RFC 9110 section 7.8). What is left of it on one side, and the passing of bytes between
// two such sides. Owner's loop only.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "io/stream.h"
#include "io/task.h"

namespace gatehouse::http {

/// One side. Who gives it owns the stream, and closes it with itself.
struct TunnelEnd {
  io::Stream& stream;
  std::string received{};       // behind the head, and not yet passed on
  std::uint64_t bytes_in = 0;   // that came from it, received ones included
  std::uint64_t bytes_out = 0;  // that it took
  Nanos stall{0};               // waits for it to take them
};

/// Zero is for ever.
struct TunnelLimits {
  Nanos idle = Seconds(600);   // without a byte either way
  Nanos write = Seconds(300);  // a side that takes no byte for so long is gone
};

/// Passes bytes both ways until both sides have ended. The end of one is told the other, which may
/// still send (half-close). Both outlive the task. Errors: of the client's side kPeerClosed, of the
/// upstream's kUpstreamClosed, when one breaks; kTimeout of the upstream when nothing came for too
/// long, of a side that takes nothing; kCancelled. What was counted until then stays so.
io::Task<Result<void>> tunnel(TunnelEnd& client, TunnelEnd& upstream, TunnelLimits limits);

}  // namespace gatehouse::http
