// Step 12 for a request whose upstream has switched protocols: bytes both ways, whatever they mean,
// until both sides have ended.
#pragma once

#include "http/body.h"
#include "io/task.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// The head of the 101 is written and not yet sent; `upstream` has switched(). Settles how the
/// exchange ended (x.record is ended). Runs under the exchange's stop().
io::Task<void> tunnelThrough(Worker& worker, Exchange& x, http::Body upstream);

}  // namespace gatehouse::proxy
