// The descriptor limit of the process. A proxied stream costs two.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace gatehouse::io {

struct FdLimit {
  std::uint64_t before = 0;
  std::uint64_t now = 0;
};

/// Raises the soft limit to the hard one; says both values. kSystem.
Result<FdLimit> raiseFdLimit();

}  // namespace gatehouse::io
