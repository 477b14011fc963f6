#include "llm/simulate/reply.h"
#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

using wire::JsonWriter;

std::string_view finishOf(const SimulatedTurn& turn) {
  return turn.cut ? "length" : "stop";
}

void writeChatUsage(JsonWriter& json, const SimulatedTurn& turn) {
  json.key("usage").beginObject();
  json.key("prompt_tokens").number(turn.input_tokens);
  json.key("completion_tokens").number(turn.output_tokens);
  json.key("total_tokens").number(turn.input_tokens + turn.output_tokens);
  json.endObject();
}

void beginChat(
    JsonWriter& json,
    const SimulatedRequest& request,
    const SimulatedTurn& turn,
    std::string_view object
) {
  json.beginObject();
  json.key("id").string("chatcmpl-sim-" + std::string(request.id_suffix));
  json.key("object").string(object);
  json.key("created").number(request.created_seconds);
  json.key("model").string(turn.model);
  json.key("system_fingerprint").string(kSimulatedFingerprint);
}

/// One chunk of a chat stream; `delta` is JSON, `finish` empty for null.
std::string chatChunk(
    const SimulatedRequest& request,
    const SimulatedTurn& turn,
    std::string_view delta,
    std::string_view finish
) {
  std::string text = "data: ";
  JsonWriter json(text);
  beginChat(json, request, turn, "chat.completion.chunk");
  json.key("choices").beginArray().beginObject();
  json.key("index").number(0);
  json.key("delta").raw(delta);
  json.key("finish_reason");
  if (finish.empty()) {
    json.null();
  } else {
    json.string(finish);
  }
  json.endObject().endArray().endObject();
  text += "\n\n";
  return text;
}

std::string chatUsageChunk(const SimulatedRequest& request, const SimulatedTurn& turn) {
  std::string text = "data: ";
  JsonWriter json(text);
  beginChat(json, request, turn, "chat.completion.chunk");
  json.key("choices").beginArray().endArray();
  writeChatUsage(json, turn);
  json.endObject();
  text += "\n\n";
  return text;
}

}  // namespace

std::string chatReply(const SimulatedRequest& request, const SimulatedTurn& turn) {
  std::string text;
  JsonWriter json(text);
  beginChat(json, request, turn, "chat.completion");
  json.key("choices").beginArray().beginObject();
  json.key("index").number(0);
  json.key("message").beginObject();
  json.key("role").string("assistant").key("content").string(turn.answer);
  json.endObject();
  json.key("finish_reason").string(finishOf(turn));
  json.endObject().endArray();
  writeChatUsage(json, turn);
  json.endObject();
  return text;
}

std::vector<std::string> chatStream(const SimulatedRequest& request, const SimulatedTurn& turn) {
  std::vector<std::string> events;
  events.push_back(chatChunk(request, turn, R"({"role":"assistant","content":""})", ""));
  for (std::string_view rest = turn.answer; !rest.empty();) {
    std::string delta = R"({"content":)";
    wire::appendJsonString(delta, takeWord(rest));
    delta += '}';
    events.push_back(chatChunk(request, turn, delta, ""));
  }
  events.push_back(chatChunk(request, turn, "{}", finishOf(turn)));
  if (turn.with_usage) {
    events.push_back(chatUsageChunk(request, turn));
  }
  events.emplace_back("data: [DONE]\n\n");
  return events;
}

}  // namespace gatehouse::llm
