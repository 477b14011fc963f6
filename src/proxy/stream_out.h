// Step 12: the reply's head, then its body piece by piece, pulled as fast as the client takes it.
#pragma once

#include "io/task.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// Writes the answer and settles how the exchange ended (x.record is ended). Runs under the
/// exchange's `gone`.
io::Task<void> streamOut(Worker& worker, Exchange& x, Answer answer);

}  // namespace gatehouse::proxy
