// Model names are opaque: '/', ':', '@', '.', spaces and any UTF-8 survive, nothing is folded or
// trimmed (llm.md 2.4).
#pragma once

#include <string>

namespace gatehouse::llm {

struct ModelName {
  std::string text;
  bool operator==(const ModelName&) const = default;
};

}  // namespace gatehouse::llm
