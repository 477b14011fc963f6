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

struct WantedModels {
  std::string_view id;     // from the path, percent-encoded as received; empty: the list
  std::string_view query;  // of a list
};

/// The list, or the one model, or 404 model_not_found. A page of Anthropic's list behind (after_id)
/// or before (before_id) its one model is empty: its SDKs ask until they get such a one.
ModelReply answerModels(
    ModelListForm form,
    const ListedModel& model,
    const WantedModels& wanted,
    std::string_view request_id
);

}  // namespace gatehouse::llm
