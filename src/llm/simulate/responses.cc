#include <cstdint>
#include <utility>

#include "llm/simulate/reply.h"
#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

using wire::JsonWriter;

/// Of a response, and of what is in it.
enum class Stage : std::uint8_t { kBegun, kEnded };

std::string_view statusOf(const SimulatedTurn& turn, Stage stage) {
  if (stage == Stage::kBegun) {
    return "in_progress";
  }
  return turn.cut ? "incomplete" : "completed";
}

std::string itemId(const SimulatedRequest& request) {
  return "msg_sim_" + std::string(request.id_suffix);
}

void writePart(JsonWriter& json, std::string_view text) {
  json.beginObject().key("type").string("output_text").key("text").string(text);
  json.key("annotations").beginArray().endArray().endObject();
}

/// The one item of the output.
void writeItem(
    JsonWriter& json, const SimulatedRequest& request, const SimulatedTurn& turn, Stage stage
) {
  json.beginObject().key("type").string("message").key("id").string(itemId(request));
  json.key("status").string(statusOf(turn, stage)).key("role").string("assistant");
  json.key("content").beginArray();
  if (stage == Stage::kEnded) {
    writePart(json, turn.answer);
  }
  json.endArray().endObject();
}

void writeUsage(JsonWriter& json, const SimulatedTurn& turn) {
  json.key("usage").beginObject();
  json.key("input_tokens").number(turn.input_tokens);
  json.key("input_tokens_details").raw(R"({"cached_tokens":0})");
  json.key("output_tokens").number(turn.output_tokens);
  json.key("output_tokens_details").raw(R"({"reasoning_tokens":0})");
  json.key("total_tokens").number(turn.input_tokens + turn.output_tokens).endObject();
}

std::string responseText(const SimulatedRequest& request, const SimulatedTurn& turn, Stage stage) {
  std::string text;
  JsonWriter json(text);
  json.beginObject().key("id").string("resp_sim_" + std::string(request.id_suffix));
  json.key("object").string("response").key("created_at").number(request.created_seconds);
  json.key("status").string(statusOf(turn, stage)).key("error").null();
  json.key("incomplete_details");
  json.raw(stage == Stage::kEnded && turn.cut ? R"({"reason":"max_output_tokens"})" : "null");
  json.key("instructions").null().key("max_output_tokens");
  json.raw(turn.limit ? std::to_string(*turn.limit) : "null");
  json.key("model").string(turn.model).key("system_fingerprint").string(kSimulatedFingerprint);
  json.key("output").beginArray();
  if (stage == Stage::kEnded) {
    writeItem(json, request, turn, stage);
  }
  json.endArray();
  json.key("parallel_tool_calls").boolean(true).key("previous_response_id").null();
  json.key("temperature").null().key("top_p").null();
  json.key("text").raw(R"({"format":{"type":"text"}})");
  json.key("tool_choice").string("auto").key("tools").beginArray().endArray();
  json.key("metadata").beginObject().endObject();
  if (stage == Stage::kEnded) {
    writeUsage(json, turn);
  } else {
    json.key("usage").null();
  }
  json.endObject();
  return text;
}

/// Events in order, numbered. What a type carries is given as members: `,"item":{...}`.
class Events {
 public:
  void add(std::string_view type, std::string_view members) {
    std::string text = "event: ";
    text.append(type).append("\ndata: {\"type\":\"").append(type);
    text.append("\",\"sequence_number\":").append(std::to_string(events_.size()));
    text.append(members).append("}\n\n");
    events_.push_back(std::move(text));
  }
  std::vector<std::string> take() { return std::move(events_); }

 private:
  std::vector<std::string> events_;
};

std::string member(std::string_view key, std::string_view json) {
  std::string text = ",\"";
  return text.append(key).append("\":").append(json);
}

std::string quoted(std::string_view text) {
  std::string json;
  wire::appendJsonString(json, text);
  return json;
}

std::string itemMember(const SimulatedRequest& request, const SimulatedTurn& turn, Stage stage) {
  std::string json;
  JsonWriter writer(json);
  writeItem(writer, request, turn, stage);
  return R"(,"output_index":0)" + member("item", json);
}

std::string partMember(std::string_view text) {
  std::string json;
  JsonWriter writer(json);
  writePart(writer, text);
  return member("part", json);
}

}  // namespace

std::string responsesReply(const SimulatedRequest& request, const SimulatedTurn& turn) {
  return responseText(request, turn, Stage::kEnded);
}

std::vector<std::string> responsesStream(
    const SimulatedRequest& request, const SimulatedTurn& turn
) {
  const std::string begun = member("response", responseText(request, turn, Stage::kBegun));
  const std::string place =
      member("item_id", quoted(itemId(request))) + R"(,"output_index":0,"content_index":0)";
  Events events;
  events.add("response.created", begun);
  events.add("response.in_progress", begun);
  events.add("response.output_item.added", itemMember(request, turn, Stage::kBegun));
  events.add("response.content_part.added", place + partMember(""));
  for (std::string_view rest = turn.answer; !rest.empty();) {
    events.add("response.output_text.delta", place + member("delta", quoted(takeWord(rest))));
  }
  events.add("response.output_text.done", place + member("text", quoted(turn.answer)));
  events.add("response.content_part.done", place + partMember(turn.answer));
  events.add("response.output_item.done", itemMember(request, turn, Stage::kEnded));
  events.add(
      turn.cut ? "response.incomplete" : "response.completed",
      member("response", responseText(request, turn, Stage::kEnded))
  );
  return events.take();
}

}  // namespace gatehouse::llm
