// YAML text -> Values with line and column, read as Kubernetes tools read it: YAML 1.1 booleans
// (yes, on), octal and hex integers, merge keys; duplicate keys are errors. JSON is YAML. Each
// document stands alone: an error in one does not touch the others.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "wire/json.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {

struct YamlLimits {
  std::size_t max_bytes = std::size_t{32} << 20;
  std::size_t max_depth = 100;
  /// Nodes of one document after aliases are expanded.
  std::size_t max_nodes = 1'000'000;
};

struct YamlStream {
  /// Documents without errors, in order; those that hold only comments are left out.
  std::vector<Value> documents;
  /// Everything wrong, in order; positions count from the start of the whole text.
  std::vector<SyntaxError> errors;
};

/// Never throws. Positions are those of the first byte of each key and value; a value that is
/// absent ("key:") has the position of its key; an expanded alias keeps the positions of its
/// anchor.
YamlStream readYaml(std::string_view text, const YamlLimits& limits = {});

}  // namespace gatehouse::wire
