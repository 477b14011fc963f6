// Keepalive of TCP (RFC 9293 section 3.8.4): a connection that is silent is asked whether its peer
// is still there, and fails when it is not.
#pragma once

#include "base/clock.h"

namespace gatehouse::io {

struct Keepalive {
  Nanos time{Seconds(180)};      // of silence before the first probe
  Nanos interval{Seconds(180)};  // between probes
  unsigned probes = 9;           // unanswered ones until the connection fails

  bool operator==(const Keepalive&) const = default;
};

/// The longest time and interval the system takes (Linux, MAX_TCP_KEEPIDLE).
inline constexpr Nanos kMaxKeepaliveTime = Seconds(32767);

/// Best effort: a connection without it still works, and a Unix socket has none. Parts of seconds
/// count as whole ones; times beyond the longest are the longest.
void setKeepalive(int fd, const Keepalive& keepalive);

}  // namespace gatehouse::io
