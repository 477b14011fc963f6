// Answers to model list requests we give ourselves because the backend has one configured model
// (llm.md 12).
#pragma once

#include <string>
#include <string_view>

#include "http/fields.h"
#include "http/head.h"
#include "llm/model.h"
#include "llm/provider/provider.h"

namespace gatehouse::llm {

enum class ModelListForm : std::uint8_t { kOpenAi, kAnthropic };

/// Anthropic's form if the client sends anthropic-version or the backend speaks Messages only.
ModelListForm modelListForm(const http::Fields& request, ProviderKind kind);

struct ListedModel {
  ModelName id;
  std::string_view owned_by;  // "openai"; OpenAI's form only
};

struct ModelReply {
  http::Status status = 200;
  std::string body;  // application/json
};

/// The list if `wanted` is empty, else the one model, else 404 model_not_found. `wanted` is the id
/// from the path, percent-encoded as received.
ModelReply answerModels(
    ModelListForm form,
    const ListedModel& model,
    std::string_view wanted,
    std::string_view request_id
);

}  // namespace gatehouse::llm
