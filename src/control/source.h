// Where resources come from.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "resource/load.h"

namespace gatehouse::control {

/// Whether a writer is in the middle of the file.
using BeingWritten = std::function<bool(const std::string& file)>;

/// Control thread only.
class Source {
 public:
  virtual ~Source() = default;
  /// Everything there is now. Faults are findings; an object with a fault is left out.
  virtual resource::Loaded load() = 0;
  /// Whether the last load() read what the one before it had read.
  virtual bool unchanged() const { return false; }
  /// Files and directories whose change means that load() may answer differently.
  virtual std::vector<std::string> watchPaths() const = 0;
  /// From now on load() takes a file that is being written as it last was; empty: as it stands.
  virtual void keepWhileWritten(BeingWritten /*being_written*/) {}
};

}  // namespace gatehouse::control
