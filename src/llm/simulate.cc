#include "llm/simulate.h"

#include <algorithm>
#include <utility>

#include "wire/json.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

using wire::JsonWriter;
using wire::Value;

constexpr std::string_view kFingerprint = "gatehouse-sim";

std::int64_t tokensIn(std::string_view text) {
  return static_cast<std::int64_t>((text.size() + 3) / 4);
}

/// The text of a message's content: a string, or the text parts of a list.
std::string textOf(const Value* content) {
  if (content == nullptr) {
    return {};
  }
  if (const std::string* text = content->string()) {
    return *text;
  }
  std::string joined;
  if (const wire::Array* parts = content->array()) {
    for (const Value& part : *parts) {
      const Value* text = part.find("text");
      if (text != nullptr && text->isString()) {
        joined += *text->string();
      }
    }
  }
  return joined;
}

bool isTrue(const Value* value) {
  return value != nullptr && value->boolean() != nullptr && *value->boolean();
}

/// What is needed of the request, and the answer to it.
struct Conversation {
  std::string model = std::string(kSimulatedModel);
  std::string answer;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  bool stream = false;
  bool include_usage = false;
};

Result<Conversation> readRequest(std::string_view body) {
  wire::Parsed<Value> request = wire::readJson(body);
  if (!request) {
    return fail(request.error().asError(ErrorKind::kInvalidJson, Origin::kDownstream));
  }
  const Value* messages = request->find("messages");
  if (messages == nullptr || !messages->isArray()) {
    return fail(
        ErrorKind::kInvalidJson, Origin::kDownstream, "the request has no array \"messages\""
    );
  }
  Conversation conversation;
  std::string last;
  for (const Value& message : *messages->array()) {
    const Value* role = message.find("role");
    std::string text = textOf(message.find("content"));
    conversation.input_tokens += tokensIn(text);
    if (role != nullptr && role->isString() && *role->string() == "user" && !text.empty()) {
      last = std::move(text);
    }
  }
  conversation.answer =
      "This is the simulated model of Gatehouse; no model server was asked. You said: " + last;
  conversation.output_tokens = tokensIn(conversation.answer);
  if (const Value* model = request->find("model"); model != nullptr && model->isString()) {
    conversation.model = *model->string();
  }
  conversation.stream = isTrue(request->find("stream"));
  if (const Value* options = request->find("stream_options")) {
    conversation.include_usage = isTrue(options->find("include_usage"));
  }
  return conversation;
}

/// The answer in pieces of a word each, never cut within a UTF-8 character: words end at spaces.
std::vector<std::string_view> wordsOf(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    std::size_t space = text.find(' ', 1);
    words.push_back(text.substr(0, space));
    text = space == std::string_view::npos ? std::string_view() : text.substr(space);
  }
  return words;
}

void writeChatUsage(JsonWriter& json, const Conversation& conversation) {
  json.key("usage").beginObject();
  json.key("prompt_tokens").number(conversation.input_tokens);
  json.key("completion_tokens").number(conversation.output_tokens);
  json.key("total_tokens").number(conversation.input_tokens + conversation.output_tokens);
  json.endObject();
}

void beginChat(
    JsonWriter& json,
    const SimulatedRequest& request,
    const Conversation& conversation,
    std::string_view object
) {
  json.beginObject();
  json.key("id").string("chatcmpl-sim-" + std::string(request.id_suffix));
  json.key("object").string(object);
  json.key("created").number(request.created_seconds);
  json.key("model").string(conversation.model);
  json.key("system_fingerprint").string(kFingerprint);
}

std::string chatReply(const SimulatedRequest& request, const Conversation& conversation) {
  std::string text;
  JsonWriter json(text);
  beginChat(json, request, conversation, "chat.completion");
  json.key("choices").beginArray().beginObject();
  json.key("index").number(0);
  json.key("message").beginObject();
  json.key("role").string("assistant").key("content").string(conversation.answer);
  json.endObject();
  json.key("finish_reason").string("stop");
  json.endObject().endArray();
  writeChatUsage(json, conversation);
  json.endObject();
  return text;
}

/// One chunk of a chat stream; `delta` is JSON, `finish` empty for null.
std::string chatChunk(
    const SimulatedRequest& request,
    const Conversation& conversation,
    std::string_view delta,
    std::string_view finish
) {
  std::string text = "data: ";
  JsonWriter json(text);
  beginChat(json, request, conversation, "chat.completion.chunk");
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

std::string chatUsageChunk(const SimulatedRequest& request, const Conversation& conversation) {
  std::string text = "data: ";
  JsonWriter json(text);
  beginChat(json, request, conversation, "chat.completion.chunk");
  json.key("choices").beginArray().endArray();
  writeChatUsage(json, conversation);
  json.endObject();
  text += "\n\n";
  return text;
}

std::vector<std::string> chatStream(
    const SimulatedRequest& request, const Conversation& conversation
) {
  std::vector<std::string> events;
  events.push_back(chatChunk(request, conversation, R"({"role":"assistant","content":""})", ""));
  for (std::string_view word : wordsOf(conversation.answer)) {
    std::string delta = R"({"content":)";
    wire::appendJsonString(delta, word);
    delta += '}';
    events.push_back(chatChunk(request, conversation, delta, ""));
  }
  events.push_back(chatChunk(request, conversation, "{}", "stop"));
  if (conversation.include_usage) {
    events.push_back(chatUsageChunk(request, conversation));
  }
  events.emplace_back("data: [DONE]\n\n");
  return events;
}

void beginMessage(
    JsonWriter& json, const SimulatedRequest& request, const Conversation& conversation
) {
  json.beginObject();
  json.key("id").string("msg_sim_" + std::string(request.id_suffix));
  json.key("type").string("message").key("role").string("assistant");
  json.key("model").string(conversation.model);
  json.key("system_fingerprint").string(kFingerprint);
}

void endMessage(
    JsonWriter& json,
    const Conversation& conversation,
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
  json.key("input_tokens").number(conversation.input_tokens);
  json.key("output_tokens").number(output_tokens);
  json.endObject().endObject();
}

std::string messagesReply(const SimulatedRequest& request, const Conversation& conversation) {
  std::string text;
  JsonWriter json(text);
  beginMessage(json, request, conversation);
  json.key("content").beginArray().beginObject();
  json.key("type").string("text").key("text").string(conversation.answer);
  json.endObject().endArray();
  endMessage(json, conversation, conversation.output_tokens, "end_turn");
  return text;
}

std::string messagesEvent(std::string_view type, std::string_view data) {
  std::string text = "event: ";
  text.append(type).append("\ndata: ").append(data).append("\n\n");
  return text;
}

std::string messageStart(const SimulatedRequest& request, const Conversation& conversation) {
  std::string data;
  JsonWriter json(data);
  json.beginObject().key("type").string("message_start").key("message");
  beginMessage(json, request, conversation);
  json.key("content").beginArray().endArray();
  endMessage(json, conversation, 1, "");
  json.endObject();
  return messagesEvent("message_start", data);
}

std::string messageDelta(const Conversation& conversation) {
  std::string data;
  JsonWriter json(data);
  json.beginObject().key("type").string("message_delta");
  json.key("delta").beginObject();
  json.key("stop_reason").string("end_turn").key("stop_sequence").null().endObject();
  json.key("usage").beginObject();
  json.key("output_tokens").number(conversation.output_tokens).endObject().endObject();
  return messagesEvent("message_delta", data);
}

std::vector<std::string> messagesStream(
    const SimulatedRequest& request, const Conversation& conversation
) {
  std::vector<std::string> events;
  events.push_back(messageStart(request, conversation));
  events.push_back(messagesEvent(
      "content_block_start",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
  ));
  for (std::string_view word : wordsOf(conversation.answer)) {
    std::string data =
        R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":)";
    wire::appendJsonString(data, word);
    data += "}}";
    events.push_back(messagesEvent("content_block_delta", data));
  }
  events.push_back(messagesEvent("content_block_stop", R"({"type":"content_block_stop","index":0})")
  );
  events.push_back(messageDelta(conversation));
  events.push_back(messagesEvent("message_stop", R"({"type":"message_stop"})"));
  return events;
}

}  // namespace

Result<SimulatedReply> simulate(const SimulatedRequest& request) {
  if (request.dialect != Dialect::kChat && request.dialect != Dialect::kMessages) {
    return fail(
        ErrorKind::kNotSupported,
        Origin::kDownstream,
        "the simulated model speaks /v1/chat/completions and /v1/messages only"
    );
  }
  GATEHOUSE_TRY(Conversation conversation, readRequest(request.body));
  bool chat = request.dialect == Dialect::kChat;
  SimulatedReply reply;
  reply.content_type = conversation.stream ? "text/event-stream" : "application/json";
  if (conversation.stream) {
    reply.pieces = chat ? chatStream(request, conversation) : messagesStream(request, conversation);
  } else {
    reply.pieces.push_back(
        chat ? chatReply(request, conversation) : messagesReply(request, conversation)
    );
  }
  return reply;
}

}  // namespace gatehouse::llm
