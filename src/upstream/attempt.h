// One try to get an answer from an endpoint: a connection, the request, the response head. A
// request that failed on a reused connection before any byte of answer is sent once more on a new
// one; if it is not idempotent, only where it failed at once. One that an upstream of HTTP/2 says
// it has not looked at is sent again in any case, a few times: each connection may be about to end.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"
#include "io/task.h"
#include "upstream/endpoint.h"
#include "upstream/pool.h"

namespace gatehouse::upstream {

/// What the try went through, for the record.
struct AttemptMarks {
  ConnectMarks connect;  // of the last connection; empty when it was reused
  bool reused = false;
  std::uint8_t repeats = 0;       // how often it was sent once more: a connection was of no use
  std::optional<MonoTime> again;  // when that was last
  std::optional<MonoTime> head;   // response head complete
};

/// The response's body keeps the connection; it goes back to the pool when the body has ended
/// cleanly and is destroyed. `request` and `marks` outlive the task, the pool outlives the
/// response. Errors: those of Connector and of ClientConnection, with the endpoint named.
io::Task<Result<http::ClientResponse>> attempt(
    Pool& pool,
    io::Reactor& reactor,
    EndpointHandle endpoint,
    http::ClientRequest& request,
    AttemptMarks& marks
);

}  // namespace gatehouse::upstream
