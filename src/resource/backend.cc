#include "resource/backend.h"

namespace gatehouse::resource {

std::string_view toString(ProviderKind kind) {
  switch (kind) {
    case ProviderKind::kOpenAi:
      return "openai";
    case ProviderKind::kAnthropic:
      return "anthropic";
    case ProviderKind::kAzureOpenAi:
      return "azureopenai";
    case ProviderKind::kAzure:
      return "azure";
    case ProviderKind::kGemini:
      return "gemini";
    case ProviderKind::kVertexAi:
      return "vertexai";
    case ProviderKind::kBedrock:
      return "bedrock";
    case ProviderKind::kCustom:
      return "custom";
  }
  return "";
}

}  // namespace gatehouse::resource
