#include "llm/finish.h"

#include <array>

namespace gatehouse::llm {
namespace {

struct Word {
  std::string_view text;
  FinishReason reason;
};

constexpr std::array kChatWords = {
    Word{"stop", FinishReason::kStop},
    Word{"length", FinishReason::kLength},
    Word{"tool_calls", FinishReason::kToolCalls},
    Word{"function_call", FinishReason::kToolCalls},
    Word{"content_filter", FinishReason::kContentFilter},
    Word{"error", FinishReason::kError},
};

constexpr std::array kMessagesWords = {
    Word{"end_turn", FinishReason::kStop},
    Word{"stop_sequence", FinishReason::kStop},
    Word{"max_tokens", FinishReason::kLength},
    Word{"model_context_window_exceeded", FinishReason::kLength},
    Word{"tool_use", FinishReason::kToolCalls},
    Word{"refusal", FinishReason::kContentFilter},
    Word{"pause_turn", FinishReason::kPause},
};

/// The status, or the reason why it is `incomplete`.
constexpr std::array kResponsesWords = {
    Word{"completed", FinishReason::kStop},
    Word{"max_output_tokens", FinishReason::kLength},
    Word{"content_filter", FinishReason::kContentFilter},
    Word{"failed", FinishReason::kError},
};

constexpr std::array kGeminiWords = {
    Word{"STOP", FinishReason::kStop},
    Word{"MAX_TOKENS", FinishReason::kLength},
    Word{"SAFETY", FinishReason::kContentFilter},
    Word{"RECITATION", FinishReason::kContentFilter},
    Word{"BLOCKLIST", FinishReason::kContentFilter},
    Word{"PROHIBITED_CONTENT", FinishReason::kContentFilter},
    Word{"SPII", FinishReason::kContentFilter},
};

template <std::size_t size>
FinishReason lookUp(const std::array<Word, size>& words, std::string_view text) {
  for (const Word& word : words) {
    if (word.text == text) {
      return word.reason;
    }
  }
  return FinishReason::kOther;
}

}  // namespace

FinishReason finishReason(Dialect dialect, std::string_view word) {
  switch (dialect) {
    case Dialect::kMessages:
      return lookUp(kMessagesWords, word);
    case Dialect::kResponses:
      return lookUp(kResponsesWords, word);
    case Dialect::kGemini:
      return lookUp(kGeminiWords, word);
    default:
      return lookUp(kChatWords, word);
  }
}

std::string_view toString(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kToolCalls:
      return "tool_calls";
    case FinishReason::kContentFilter:
      return "content_filter";
    case FinishReason::kPause:
      return "pause";
    case FinishReason::kError:
      return "error";
    case FinishReason::kOther:
      return "other";
  }
  return "other";
}

}  // namespace gatehouse::llm
