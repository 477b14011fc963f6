#include "llm/simulate.h"

#include <utility>

#include "llm/simulate/reply.h"
#include "llm/simulate/turn.h"

namespace gatehouse::llm {
namespace {

SimulatedReply whole(std::string json) {
  SimulatedReply reply{.content_type = "application/json", .pieces = {}};
  reply.pieces.push_back(std::move(json));
  return reply;
}

SimulatedReply streamed(std::vector<std::string> events) {
  return {.content_type = "text/event-stream", .pieces = std::move(events)};
}

}  // namespace

Result<SimulatedReply> simulate(const SimulatedRequest& request) {
  const Dialect dialect = request.dialect;
  if (dialect == Dialect::kEmbeddings) {
    GATEHOUSE_TRY(std::string json, embeddingsReply(request));
    return whole(std::move(json));
  }
  if (dialect != Dialect::kChat && dialect != Dialect::kMessages &&
      dialect != Dialect::kMessagesCount && dialect != Dialect::kResponses) {
    return fail(
        ErrorKind::kNotSupported,
        Origin::kDownstream,
        "the simulated model speaks /v1/chat/completions, /v1/messages, /v1/responses and "
        "/v1/embeddings only"
    );
  }
  GATEHOUSE_TRY(SimulatedTurn turn, readTurn(request));
  switch (dialect) {
    case Dialect::kMessagesCount:
      return whole(countReply(turn));
    case Dialect::kMessages:
      return turn.stream ? streamed(messagesStream(request, turn))
                         : whole(messagesReply(request, turn));
    case Dialect::kResponses:
      return turn.stream ? streamed(responsesStream(request, turn))
                         : whole(responsesReply(request, turn));
    default:
      return turn.stream ? streamed(chatStream(request, turn)) : whole(chatReply(request, turn));
  }
}

}  // namespace gatehouse::llm
