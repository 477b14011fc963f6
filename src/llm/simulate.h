// The simulated model `sim/echo`: answers by repeating the last user message and says that it is a
// simulation ("gatehouse-sim"). A pure function of the request text, so that a machine without key
// and network can try the gateway. Speaks Chat, Messages with count_tokens, and Responses,
// streaming and not, and Embeddings. A token is a word, on both sides: what usage says can be
// counted by hand, and a limit of so many tokens cuts behind so many words. Tools are ignored.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/dialect.h"

namespace gatehouse::llm {

inline constexpr std::string_view kSimulatedModel = "sim/echo";

struct SimulatedReply {
  std::string_view content_type;    // application/json or text/event-stream
  std::vector<std::string> pieces;  // one JSON text, or the events in order, to be sent one by one
};

struct SimulatedRequest {
  Dialect dialect = Dialect::kChat;
  std::string_view body;
  std::string_view id_suffix;        // unique part of the reply's id
  std::int64_t created_seconds = 0;  // since the epoch
  bool tell_usage = false;           // also in a chat stream that does not ask for it
};

/// Errors, all downstream: kInvalidJson; kBadRequest with the member that is wrong and what it has
/// to be; kNotSupported for other dialects.
Result<SimulatedReply> simulate(const SimulatedRequest& request);

}  // namespace gatehouse::llm
