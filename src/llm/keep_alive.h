// What a client is sent when its stream is silent for long, so that neither it nor a proxy between
// gives the stream up (llm.md 6). Pure.
#pragma once

#include <string>
#include <string_view>

#include "llm/dialect.h"

namespace gatehouse::llm {

/// Whole events, which change nothing of the answer: Messages a `ping`; Responses, whose clients
/// count events only, `response.in_progress` of the response named, a comment as long as that has
/// no id (empty); Chat a comment, because its clients take every event for a chunk. Empty for other
/// dialects.
std::string writeKeepAlive(Dialect dialect, std::string_view response_id);

}  // namespace gatehouse::llm
