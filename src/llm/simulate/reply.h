// The replies of the simulated model, one file a dialect. A stream is its events in order, each
// with the blank line that ends it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/simulate.h"
#include "llm/simulate/turn.h"

namespace gatehouse::llm {

inline constexpr std::string_view kSimulatedFingerprint = "gatehouse-sim";

std::string chatReply(const SimulatedRequest& request, const SimulatedTurn& turn);
std::vector<std::string> chatStream(const SimulatedRequest& request, const SimulatedTurn& turn);

std::string messagesReply(const SimulatedRequest& request, const SimulatedTurn& turn);
std::vector<std::string> messagesStream(const SimulatedRequest& request, const SimulatedTurn& turn);
std::string countReply(const SimulatedTurn& turn);

std::string responsesReply(const SimulatedRequest& request, const SimulatedTurn& turn);
std::vector<std::string> responsesStream(
    const SimulatedRequest& request, const SimulatedTurn& turn
);

/// Vectors of unit length: equal ones for equal texts, unlike ones for others. Errors: those of
/// simulate().
Result<std::string> embeddingsReply(const SimulatedRequest& request);

}  // namespace gatehouse::llm
