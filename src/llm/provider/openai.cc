#include "llm/provider/openai.h"

namespace gatehouse::llm::openai {

bool serves(Dialect dialect) {
  switch (dialect) {
    case Dialect::kChat:
    case Dialect::kResponses:
    case Dialect::kEmbeddings:
    case Dialect::kRerank:
    case Dialect::kCompletions:
    case Dialect::kModels:
    case Dialect::kDetect:
    case Dialect::kPassthrough:
      return true;
    default:
      return false;
  }
}

CredentialPlacement placeCredential() {
  return {.field = "Authorization", .prefix = "Bearer "};
}

}  // namespace gatehouse::llm::openai
