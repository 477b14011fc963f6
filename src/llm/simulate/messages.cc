#include "llm/simulate/reply.h"
#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

using wire::JsonWriter;

std::string_view stopOf(const SimulatedTurn& turn) {
  return turn.cut ? "max_tokens" : "end_turn";
}

void beginMessage(JsonWriter& json, const SimulatedRequest& request, const SimulatedTurn& turn) {
  json.beginObject();
  json.key("id").string("msg_sim_" + std::string(request.id_suffix));
  json.key("type").string("message").key("role").string("assistant");
  json.key("model").string(turn.model);
  json.key("system_fingerprint").string(kSimulatedFingerprint);
}

void endMessage(
    JsonWriter& json,
    const SimulatedTurn& turn,
    std::int64_t output_tokens,
    std::string_view stop_reason
) {
  json.key("stop_reason");
  if (stop_reason.empty()) {
    json.null();
  } else {
    json.string(stop_reason);
  }
  json.key("stop_sequence").null();
  json.key("usage").beginObject();
  json.key("input_tokens").number(turn.input_tokens);
  json.key("output_tokens").number(output_tokens);
  json.endObject().endObject();
}

std::string messagesEvent(std::string_view type, std::string_view data) {
  std::string text = "event: ";
  text.append(type).append("\ndata: ").append(data).append("\n\n");
  return text;
}

std::string messageStart(const SimulatedRequest& request, const SimulatedTurn& turn) {
  std::string data;
  JsonWriter json(data);
  json.beginObject().key("type").string("message_start").key("message");
  beginMessage(json, request, turn);
  json.key("content").beginArray().endArray();
  endMessage(json, turn, 1, "");
  json.endObject();
  return messagesEvent("message_start", data);
}

std::string messageDelta(const SimulatedTurn& turn) {
  std::string data;
  JsonWriter json(data);
  json.beginObject().key("type").string("message_delta");
  json.key("delta").beginObject();
  json.key("stop_reason").string(stopOf(turn)).key("stop_sequence").null().endObject();
  json.key("usage").beginObject();
  json.key("output_tokens").number(turn.output_tokens).endObject().endObject();
  return messagesEvent("message_delta", data);
}

}  // namespace

std::string messagesReply(const SimulatedRequest& request, const SimulatedTurn& turn) {
  std::string text;
  JsonWriter json(text);
  beginMessage(json, request, turn);
  json.key("content").beginArray().beginObject();
  json.key("type").string("text").key("text").string(turn.answer);
  json.endObject().endArray();
  endMessage(json, turn, turn.output_tokens, stopOf(turn));
  return text;
}

std::string countReply(const SimulatedTurn& turn) {
  return R"({"input_tokens":)" + std::to_string(turn.input_tokens) + "}";
}

std::vector<std::string> messagesStream(
    const SimulatedRequest& request, const SimulatedTurn& turn
) {
  std::vector<std::string> events;
  events.push_back(messageStart(request, turn));
  events.push_back(messagesEvent(
      "content_block_start",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
  ));
  for (std::string_view rest = turn.answer; !rest.empty();) {
    std::string data =
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":)";
    wire::appendJsonString(data, takeWord(rest));
    data += "}}";
    events.push_back(messagesEvent("content_block_delta", data));
  }
  events.push_back(messagesEvent("content_block_stop", R"({"type":"content_block_stop","index":0})")
  );
  events.push_back(messageDelta(turn));
  events.push_back(messagesEvent("message_stop", R"({"type":"message_stop"})"));
  return events;
}

}  // namespace gatehouse::llm
