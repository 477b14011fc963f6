// The simulated model `sim/echo`: answers by repeating the last user message and says that it is a
// simulation (system_fingerprint "gatehouse-sim"). A pure function of the request text, so that a
// machine without key and network can try the gateway. Speaks Chat and Messages, streaming and not;
// tools are ignored.
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
  Dialect dialect = Dialect::kChat;  // kChat or kMessages
  std::string_view body;
  std::string_view id_suffix;        // unique part of the reply's id
  std::int64_t created_seconds = 0;  // since the epoch
};

/// Errors: kInvalidJson, kNotSupported for other dialects.
Result<SimulatedReply> simulate(const SimulatedRequest& request);

}  // namespace gatehouse::llm
