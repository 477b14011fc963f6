// `gatehouse mock`: a model server that answers by a script and writes down what reaches it. For
// users' own tests and ours.
#pragma once

#include "cli/args.h"

namespace gatehouse::cli {

/// Serves until SIGTERM or SIGINT; the signals are blocked already. Returns the exit code, having
/// said on standard error what went wrong.
int runMock(const MockOptions& options);

}  // namespace gatehouse::cli
