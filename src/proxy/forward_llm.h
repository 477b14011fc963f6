// Steps 8 to 11 for a model: which dialect, what the body says, what is changed in it, where it
// goes, how its reply is read.
#pragma once

#include "base/result.h"
#include "io/task.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// The answer of an `ai` backend, or the error to be told. `worker`, `x` and `backend` outlive the
/// task.
io::Task<Result<Answer>> forwardLlm(
    Worker& worker, Exchange& x, const snapshot::AiBackend& backend
);

/// The answer of the built-in simulated model. `worker`, `x` and `backend` outlive the task.
io::Task<Result<Answer>> answerSimulated(
    Worker& worker, Exchange& x, const snapshot::SimulatedBackend& backend
);

}  // namespace gatehouse::proxy
