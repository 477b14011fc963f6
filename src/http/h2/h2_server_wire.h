// What the parts of one HTTP/2 server connection share besides the wire. Internal to h2/. Owner's
// loop only.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "http/h2/h2_exchange.h"
#include "http/h2/h2_wire.h"
#include "http/server_connection.h"
#include "io/list.h"

namespace gatehouse::http {

/// A stream whose reply is whole while its client still sends.
struct H2Leftover {
  H2StreamId id;
  MonoTime until;  // then it is told that nobody listens
};

struct H2ServerWire final : H2Wire {
  H2ServerWire(
      io::Reactor& loop,
      std::unique_ptr<io::Stream> connection,
      const ServerLimits& server_limits,
      ServerShared& server_shared,
      H2SessionEvents& events
  )
      : H2Wire(loop, std::move(connection), H2Role::kServer, server_limits.h2, events),
        limits(server_limits),
        shared(server_shared) {}

  ServerLimits limits;
  ServerShared& shared;
  std::deque<H2Leftover> leftovers{};  // in order of time
  io::List<H2Exchange> exchanges{};    // unfinished; each leaves by itself
  std::size_t malformed = 0;           // bodies found so since that was last looked at
};

}  // namespace gatehouse::http
