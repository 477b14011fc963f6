// Step 12: the reply's head, then its body piece by piece, pulled as fast as the client takes it.
#pragma once

#include "io/task.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// Whether the reply is an event stream, which the time limits of a rule do not cut.
bool isEventStream(const http::ResponseHead& head);

/// Writes the answer and settles how the exchange ended (x.record is ended). Runs under the
/// exchange's stop().
io::Task<void> streamOut(Worker& worker, Exchange& x, Answer answer);

}  // namespace gatehouse::proxy
