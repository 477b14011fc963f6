// Input tokens do not pass for output tokens: they have different prices.
// error: no matching function for call to 'billedAsOutput'
#include "llm/usage.h"

namespace {

std::int64_t billedAsOutput(gatehouse::llm::OutputTokens tokens) {
  return gatehouse::llm::count(tokens);
}

}  // namespace

int main() {
  gatehouse::llm::TokenUsage usage;
  usage.in = gatehouse::llm::InputTokens{1};
#ifdef GATEHOUSE_MISUSE
  return static_cast<int>(billedAsOutput(*usage.in));
#else
  return static_cast<int>(billedAsOutput(gatehouse::llm::OutputTokens{count(*usage.in)}));
#endif
}
