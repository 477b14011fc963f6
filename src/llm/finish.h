// Why a model stopped, in one vocabulary over all dialects (llm.md 5.2). Records keep the
// provider's own word beside it.
#pragma once

#include <cstdint>
#include <string_view>

#include "llm/dialect.h"

namespace gatehouse::llm {

enum class FinishReason : std::uint8_t {
  kStop,
  kLength,
  kToolCalls,
  kContentFilter,
  kPause,
  kError,
  kOther
};

/// What a dialect's own word means; kOther for words we do not know.
FinishReason finishReason(Dialect dialect, std::string_view word);

/// "stop", "length", "tool_calls", "content_filter", "pause", "error", "other".
std::string_view toString(FinishReason reason);

}  // namespace gatehouse::llm
