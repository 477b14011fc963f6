// RequestMirror: copies of a request, sent beside it to services whose answers nobody reads. A copy
// never delays or fails the request: what cannot be sent is left out and counted.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "http/body.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// Both before the request's fields leave its head. x.filters is not null; `worker` outlives what
/// is sent.
/// With a body that is at hand.
void mirror(Worker& worker, Exchange& x, const std::vector<Chunk>& body);
/// With a body that passes on to the upstream: the copy leaves when it has come to its end. Gives
/// the body to be sent in its place.
http::Body mirrorAlong(Worker& worker, Exchange& x, http::Body body);
/// Without its body, which nobody has read whole: counts the copies that are left out.
void leaveUnmirrored(Worker& worker, Exchange& x);

}  // namespace gatehouse::proxy
