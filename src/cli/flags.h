// Flags of `run` whose values are texts with a form of their own: checked before anything starts.
#pragma once

#include <vector>

#include "base/result.h"
#include "cli/args.h"
#include "compile/addresses.h"
#include "io/dns.h"

namespace gatehouse::cli {

struct ParsedFlags {
  std::vector<compile::BindFlag> binds;
  std::vector<io::HostOverride> overrides;
};

/// kInvalidConfiguration with the flag, its value and the form expected, or with the two flags that
/// name one address.
Result<ParsedFlags> parseFlags(const RunOptions& options);

}  // namespace gatehouse::cli
