#include "llm/keep_alive.h"

#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

constexpr std::string_view kComment = ": keep-alive\n\n";

std::string inProgress(std::string_view response_id) {
  std::string event = "event: response.in_progress\ndata: ";
  wire::JsonWriter(event)
      .beginObject()
      .key("type")
      .string("response.in_progress")
      .key("response")
      .beginObject()
      .key("id")
      .string(response_id)
      .key("object")
      .string("response")
      .key("status")
      .string("in_progress")
      .endObject()
      .endObject();
  event += "\n\n";
  return event;
}

}  // namespace

std::string writeKeepAlive(Dialect dialect, std::string_view response_id) {
  switch (dialect) {
    case Dialect::kMessages:
      return "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    case Dialect::kResponses:
      return response_id.empty() ? std::string(kComment) : inProgress(response_id);
    case Dialect::kChat:
    case Dialect::kCompletions:
      return std::string(kComment);
    default:
      return {};
  }
}

}  // namespace gatehouse::llm
