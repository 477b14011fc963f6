// The wire API formats: their names in records, their methods, the family their errors speak. Which
// one a request has is decided in dialect_match.h.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/fields.h"
#include "http/head.h"

namespace gatehouse::llm {

enum class Dialect : std::uint8_t {
  kChat,           // OpenAI chat completions
  kMessages,       // Anthropic Messages
  kMessagesCount,  // Anthropic count_tokens
  kResponses,      // OpenAI Responses
  kEmbeddings,
  kRerank,
  kCompletions,  // OpenAI legacy completions
  kModels,       // model lists
  kGemini,       // generateContent
  kGeminiCount,
  kGeminiEmbed,
  kRealtime,
  kDetect,       // forwarded as it is; model and usage read where JSON allows
  kPassthrough,  // forwarded unread; only by policies.ai.routes
  kHello,        // Claude Code's probe
  kUnknown,      // no suffix known; a POST may still be a chat by its body
};

/// The name in records and logs (telemetry.md 1.3): "chat_completions", "messages", ...
std::string_view recordName(Dialect dialect);
/// The operation in records: "chat", "text_completion", "embeddings", "count_tokens", "models", ...
std::string_view operationName(Dialect dialect);

/// Whether a request of this dialect may have the method.
bool allows(Dialect dialect, http::Method method);
/// Value of the Allow field for a dialect: "POST"; empty if any method is allowed.
std::string_view allowedMethods(Dialect dialect);

/// The dialect errors are written in: the request's own; where it has none, or one that several
/// families share, Messages if `anthropic-version` is present, else Chat (llm.md 9).
Dialect errorDialect(Dialect matched, const http::Fields& fields);

/// Whether a dialect's request body is one JSON object that we read before sending it on.
bool readsBody(Dialect dialect);

}  // namespace gatehouse::llm
