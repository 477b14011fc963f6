#include "llm/provider/anthropic.h"

namespace gatehouse::llm::anthropic {

bool serves(Dialect dialect) {
  switch (dialect) {
    case Dialect::kMessages:
    case Dialect::kMessagesCount:
    case Dialect::kModels:
    case Dialect::kDetect:
    case Dialect::kPassthrough:
      return true;
    default:
      return false;
  }
}

CredentialPlacement placeCredential(std::string_view key) {
  constexpr std::string_view kOAuthToken = "sk-ant-oat";
  if (key.starts_with(kOAuthToken)) {
    return {.field = "Authorization", .prefix = "Bearer "};
  }
  return {.field = "x-api-key", .prefix = ""};
}

void addFields(http::Fields& fields) {
  if (!fields.has("anthropic-version")) {
    fields.add("anthropic-version", kVersion);
  }
}

}  // namespace gatehouse::llm::anthropic
