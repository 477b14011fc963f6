// What plain YAML text stands for, by the rules Kubernetes tools use (YAML 1.1 as go-yaml version 2
// reads it).
#pragma once

#include <optional>
#include <string_view>

#include "wire/json.h"

namespace gatehouse::wire {

/// null, a boolean (true, yes, on, y and their opposites), an integer (also 0x, 0o, 0b, leading 0,
/// _ between digits), a float, or else a string. Nothing for infinities and NaN: JSON has no word
/// for them.
std::optional<Value> plainScalar(std::string_view text);

}  // namespace gatehouse::wire
