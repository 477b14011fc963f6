// JSON text (RFC 8259) -> Value. For configuration, admin requests and translation; the
// same-dialect request path uses json_locate.
#pragma once

#include <cstddef>
#include <string_view>

#include "wire/json.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {

enum class DuplicateKeys { kRefuse, kKeepAll };

struct JsonReadOptions {
  std::size_t max_bytes = std::size_t{64} << 20;
  /// Arrays and objects within each other.
  std::size_t max_depth = 512;
  DuplicateKeys duplicate_keys = DuplicateKeys::kRefuse;
};

/// The whole text is one JSON value in valid UTF-8. Integers that fit are int64, every other number
/// keeps its text. Every value and key has its position. An escaped surrogate without its partner
/// becomes U+FFFD.
Parsed<Value> readJson(std::string_view text, const JsonReadOptions& options = {});

}  // namespace gatehouse::wire
