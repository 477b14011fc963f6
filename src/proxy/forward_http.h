// Plain HTTP backends: the request goes on as it came, path and all.
#pragma once

#include "base/result.h"
#include "io/task.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// `worker`, `x` and `backend` outlive the task.
io::Task<Result<Answer>> forwardHttp(
    Worker& worker, Exchange& x, const snapshot::HttpBackend& backend
);

}  // namespace gatehouse::proxy
