#include "llm/model_list.h"

#include "base/text.h"
#include "llm/error_body.h"
#include "wire/json_write.h"
#include "wire/percent.h"

namespace gatehouse::llm {
namespace {

// The moment a configured model came to be is not known; clients want one.
constexpr std::int64_t kCreated = 0;
constexpr std::string_view kCreatedAt = "1970-01-01T00:00:00Z";

void writeModel(wire::JsonWriter& json, ModelListForm form, const ListedModel& model) {
  json.beginObject();
  if (form == ModelListForm::kAnthropic) {
    json.key("type").string("model");
    json.key("id").string(model.id.text);
    json.key("display_name").string(model.id.text);
    json.key("created_at").string(kCreatedAt);
  } else {
    json.key("id").string(model.id.text);
    json.key("object").string("model");
    json.key("created").number(kCreated);
    json.key("owned_by").string(model.owned_by);
  }
  json.endObject();
}

void writeOpenAiList(wire::JsonWriter& json, const ListedModel& model) {
  json.beginObject().key("object").string("list").key("data").beginArray();
  writeModel(json, ModelListForm::kOpenAi, model);
  json.endArray().endObject();
}

/// Whether the query asks for what stands behind or before the one model there is.
bool isBeyond(std::string_view query, std::string_view id) {
  for (std::string_view part : split(query, '&')) {
    const auto pair = splitOnce(part, '=');
    if (pair && (pair->first == "after_id" || pair->first == "before_id") &&
        wire::decodeQueryPart(pair->second) == id) {
      return true;
    }
  }
  return false;
}

void writeAnthropicList(wire::JsonWriter& json, const ListedModel& model, std::string_view query) {
  json.beginObject().key("data").beginArray();
  const bool empty = isBeyond(query, model.id.text);
  if (!empty) {
    writeModel(json, ModelListForm::kAnthropic, model);
  }
  json.endArray().key("has_more").boolean(false);
  for (std::string_view end : {"first_id", "last_id"}) {
    json.key(end);
    if (empty) {
      json.null();
    } else {
      json.string(model.id.text);
    }
  }
  json.endObject();
}

ModelReply notFound(
    ModelListForm form,
    const ListedModel& model,
    std::string_view wanted,
    std::string_view request_id
) {
  Dialect dialect = form == ModelListForm::kAnthropic ? Dialect::kMessages : Dialect::kChat;
  std::string message = "There is no model \"";
  message.append(wanted).append("\" here. Use \"").append(model.id.text).append("\".");
  ErrorBody error{
      .code = ErrorCode::kModelNotFound,
      .message = message,
      .request_id = request_id,
      .param = "model",
  };
  return {.status = statusOf(error.code, dialect), .body = writeErrorBody(dialect, error)};
}

}  // namespace

ModelListForm modelListForm(const http::Fields& request, ProviderKind kind) {
  return kind == ProviderKind::kAnthropic || request.has("anthropic-version")
             ? ModelListForm::kAnthropic
             : ModelListForm::kOpenAi;
}

ModelReply answerModels(
    ModelListForm form,
    const ListedModel& model,
    const WantedModels& wanted,
    std::string_view request_id
) {
  ModelReply reply;
  wire::JsonWriter json(reply.body);
  if (wanted.id.empty()) {
    if (form == ModelListForm::kAnthropic) {
      writeAnthropicList(json, model, wanted.query);
    } else {
      writeOpenAiList(json, model);
    }
    return reply;
  }
  std::string id = wire::decodePercent(wanted.id).value_or(std::string(wanted.id));
  if (id != model.id.text) {
    return notFound(form, model, id, request_id);
  }
  writeModel(json, form, model);
  return reply;
}

}  // namespace gatehouse::llm
