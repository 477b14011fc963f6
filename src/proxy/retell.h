// An upstream's error that is no JSON, told in the caller's dialect (llm.md 9).
#pragma once

#include "base/result.h"
#include "io/task.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"

namespace gatehouse::proxy {

/// `answer`, an upstream's error that is read, as its client shall have it: unchanged if its body
/// is empty, coded, JSON or an event stream; else status and fields stay, and the first characters
/// of its text become the message of an error of the dialect. Waits for the beginning of the body,
/// and fails as the body does when nothing of it came; a text cut short is told, and the record
/// says so. `worker` and `x` outlive the task.
io::Task<Result<Answer>> retellError(Worker& worker, Exchange& x, Answer answer);

}  // namespace gatehouse::proxy
