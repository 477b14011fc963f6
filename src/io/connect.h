// Opening TCP connections: one address, or several of both families raced as RFC 8305 asks ("happy
// eyeballs").
#pragma once

#include <memory>
#include <vector>

#include "io/deadline.h"
#include "io/keepalive.h"
#include "io/tcp.h"

namespace gatehouse::io {

/// Of connections for which nobody has said otherwise.
inline constexpr Keepalive kUpstreamKeepalive{
    .time = Seconds(60), .interval = Seconds(10), .probes = 6
};

struct ConnectOptions {
  Deadline deadline{};
  /// How long an attempt runs alone before the next address is tried beside it (RFC 8305 section
  /// 5).
  Nanos attempt_delay = Millis(250);
  Keepalive keepalive = kUpstreamKeepalive;
};

/// A connection with TCP_NODELAY and keepalive. kConnectRefused, kConnectTimeout (deadline or the
/// system's own), kCancelled, kOverloaded when there
/// are no descriptors left.
Task<Result<std::unique_ptr<TcpStream>>> connectTcp(
    Reactor& reactor, Address address, Deadline deadline, Keepalive keepalive = kUpstreamKeepalive
);

/// The first of `addresses` (not empty) that answers; tries families alternately, in the order
/// given. The error is the first one that came.
Task<Result<std::unique_ptr<TcpStream>>> connectAny(
    Reactor& reactor, std::vector<Address> addresses, ConnectOptions options
);

}  // namespace gatehouse::io
