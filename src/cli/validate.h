// `gatehouse validate`: every finding of loading and compiling, one line each, and an exit code.
#pragma once

#include <string>

#include "compile/compile.h"
#include "resource/load.h"

namespace gatehouse::cli {

struct Verdict {
  std::string text;   // findings, then a line with their numbers
  int exit_code = 0;  // 1 if any finding is an error
};

/// Compiles what was loaded and tells everything that was found.
Verdict validate(resource::Loaded loaded, const compile::CompileOptions& options);

}  // namespace gatehouse::cli
