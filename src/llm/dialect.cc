#include "llm/dialect.h"

namespace gatehouse::llm {

std::string_view recordName(Dialect dialect) {
  switch (dialect) {
    case Dialect::kChat:
      return "chat_completions";
    case Dialect::kMessages:
    case Dialect::kMessagesCount:
      return "messages";
    case Dialect::kResponses:
      return "responses";
    case Dialect::kEmbeddings:
      return "embeddings";
    case Dialect::kRerank:
      return "rerank";
    case Dialect::kCompletions:
      return "completions";
    case Dialect::kGemini:
    case Dialect::kGeminiCount:
    case Dialect::kGeminiEmbed:
      return "generate_content";
    case Dialect::kRealtime:
      return "realtime";
    case Dialect::kModels:
    case Dialect::kDetect:
    case Dialect::kPassthrough:
    case Dialect::kHello:
    case Dialect::kUnknown:
      return "";
  }
  return "";
}

std::string_view operationName(Dialect dialect) {
  switch (dialect) {
    case Dialect::kChat:
    case Dialect::kMessages:
    case Dialect::kResponses:
      return "chat";
    case Dialect::kCompletions:
      return "text_completion";
    case Dialect::kEmbeddings:
    case Dialect::kGeminiEmbed:
      return "embeddings";
    case Dialect::kRerank:
      return "rerank";
    case Dialect::kMessagesCount:
    case Dialect::kGeminiCount:
      return "count_tokens";
    case Dialect::kGemini:
      return "generate_content";
    case Dialect::kModels:
      return "models";
    case Dialect::kRealtime:
      return "realtime";
    case Dialect::kDetect:
    case Dialect::kPassthrough:
    case Dialect::kHello:
    case Dialect::kUnknown:
      return "";
  }
  return "";
}

bool allows(Dialect dialect, http::Method method) {
  switch (dialect) {
    case Dialect::kModels:
    case Dialect::kHello:
      return method == http::Method::kGet || method == http::Method::kHead;
    case Dialect::kRealtime:
      return method == http::Method::kGet;
    case Dialect::kDetect:
    case Dialect::kPassthrough:
      return true;
    default:
      return method == http::Method::kPost;
  }
}

std::string_view allowedMethods(Dialect dialect) {
  switch (dialect) {
    case Dialect::kModels:
    case Dialect::kHello:
      return "GET, HEAD";
    case Dialect::kRealtime:
      return "GET";
    case Dialect::kDetect:
    case Dialect::kPassthrough:
      return "";
    default:
      return "POST";
  }
}

Dialect errorDialect(Dialect matched, const http::Fields& fields) {
  switch (matched) {
    case Dialect::kMessages:
    case Dialect::kMessagesCount:
    case Dialect::kHello:
      return Dialect::kMessages;
    case Dialect::kGemini:
    case Dialect::kGeminiCount:
    case Dialect::kGeminiEmbed:
      return Dialect::kGemini;
    case Dialect::kModels:
    case Dialect::kDetect:
    case Dialect::kPassthrough:
    case Dialect::kUnknown:
      return fields.has("anthropic-version") ? Dialect::kMessages : Dialect::kChat;
    default:
      return matched;
  }
}

bool readsBody(Dialect dialect) {
  switch (dialect) {
    case Dialect::kChat:
    case Dialect::kMessages:
    case Dialect::kMessagesCount:
    case Dialect::kResponses:
    case Dialect::kEmbeddings:
    case Dialect::kRerank:
    case Dialect::kCompletions:
    case Dialect::kUnknown:
      return true;
    default:
      return false;
  }
}

}  // namespace gatehouse::llm
