// Where resources come from.
#pragma once

#include <string>
#include <vector>

#include "resource/load.h"

namespace gatehouse::control {

/// Control thread only.
class Source {
 public:
  virtual ~Source() = default;
  /// Everything there is now. Faults are findings; an object with a fault is left out.
  virtual resource::Loaded load() = 0;
  /// Files and directories whose change means that load() may answer differently.
  virtual std::vector<std::string> watchPaths() const = 0;
};

}  // namespace gatehouse::control
