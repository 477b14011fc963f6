// What compiling needs to know of this machine and of certificates: the compiler itself touches
// neither sockets nor TLS.
#pragma once

#include "base/clock.h"
#include "compile/compile.h"

namespace gatehouse::cli {

/// Asks the system for its addresses.
compile::CompileOptions compileOptions(const Clock& clock);

}  // namespace gatehouse::cli
