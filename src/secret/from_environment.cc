#include "secret/from_environment.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.h"

namespace gatehouse::secret {
namespace {

constexpr std::array kVariables{
    KeyVariable{"openai", "OPENAI_API_KEY"},
    KeyVariable{"anthropic", "ANTHROPIC_API_KEY"},
    KeyVariable{"xai", "XAI_API_KEY"},
    KeyVariable{"groq", "GROQ_API_KEY"},
    KeyVariable{"mistral", "MISTRAL_API_KEY"},
    KeyVariable{"deepseek", "DEEPSEEK_API_KEY"},
    KeyVariable{"openrouter", "OPENROUTER_API_KEY"},
    KeyVariable{"together", "TOGETHER_API_KEY"},
    KeyVariable{"fireworks", "FIREWORKS_API_KEY"},
    KeyVariable{"cerebras", "CEREBRAS_API_KEY"},
    KeyVariable{"baseten", "BASETEN_API_KEY"},
    KeyVariable{"deepinfra", "DEEPINFRA_API_KEY"},
    KeyVariable{"deepinfra", "DEEPINFRA_TOKEN"},
    KeyVariable{"huggingface", "HF_TOKEN"},
};

}  // namespace

std::span<const KeyVariable> keyVariables() {
  return kVariables;
}

std::vector<KeyVariable> presentKeys(const LookUpVariable& look_up) {
  std::vector<KeyVariable> present;
  for (const KeyVariable& candidate : kVariables) {
    if (!present.empty() && present.back().provider == candidate.provider) {
      continue;
    }
    const auto value = look_up(candidate.variable);
    if (value && !trim(*value).empty()) {
      present.push_back(candidate);
    }
  }
  return present;
}

std::optional<std::string> processVariable(std::string_view name) {
  const char* value =
      std::getenv(std::string(name).c_str());  // NOLINT(concurrency-mt-unsafe): never set here
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace gatehouse::secret
