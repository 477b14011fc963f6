// RequestMirror: copies of a request, sent beside it to services whose answers nobody reads. A copy
// never delays or fails the request: what cannot be sent is left out and counted.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "http/body.h"
#include "proxy/call_upstream.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// All before the request's fields leave its head. x.filters is not null; `worker` outlives what is
/// sent.
/// A request for a model with its body as `call` sends it to `target`. A client's credential that
/// the provider does not get goes to no mirror.
void mirror(
    Worker& worker,
    Exchange& x,
    const UpstreamCall& call,
    std::string_view target,
    const std::vector<Chunk>& body
);
/// With a body that passes on to the upstream: the copy leaves when it has come to its end. Gives
/// the body to be sent in its place.
http::Body mirrorAlong(Worker& worker, Exchange& x, const UpstreamCall& call, http::Body body);
/// Without its body, which nobody has read whole: counts the copies that are left out.
void leaveUnmirrored(Worker& worker, Exchange& x);

}  // namespace gatehouse::proxy
