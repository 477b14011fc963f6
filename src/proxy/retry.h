// Tries that follow one another: a call that failed, or was answered by one of the codes of its
// rule, is made again after a pause, as long as nothing of an answer has gone to the client and the
// request can be sent once more (resources.md 3.5, 8.4; Gateway API, GEP-1731).
#pragma once

#include "base/result.h"
#include "http/client.h"
#include "io/task.h"
#include "proxy/call_upstream.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// As callUpstream(), by the rule's `retry`, which is there. Each try is an attempt of the record
/// with the time of `call` for itself; what the last one brought is the answer. A body that comes
/// from the client is kept for the next try up to 1 MiB; a larger one is not sent again once any of
/// it has left.
io::Task<Result<http::ClientResponse>> callWithRetries(
    Worker& worker, Exchange& x, UpstreamCall call, http::ClientRequest& request
);

}  // namespace gatehouse::proxy
