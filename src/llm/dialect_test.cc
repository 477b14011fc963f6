#include "llm/dialect.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "llm/finish.h"

namespace gatehouse::llm {
namespace {

using http::Method;

constexpr std::array kAll = {
    Dialect::kChat,
    Dialect::kMessages,
    Dialect::kMessagesCount,
    Dialect::kResponses,
    Dialect::kEmbeddings,
    Dialect::kRerank,
    Dialect::kCompletions,
    Dialect::kModels,
    Dialect::kGemini,
    Dialect::kGeminiCount,
    Dialect::kGeminiEmbed,
    Dialect::kRealtime,
    Dialect::kDetect,
    Dialect::kPassthrough,
    Dialect::kHello,
    Dialect::kUnknown,
};

TEST(Dialect, NamesAreThoseOfTheRecord) {
  std::set<std::string_view> names;
  std::set<std::string_view> operations;
  for (Dialect dialect : kAll) {
    names.insert(recordName(dialect));
    operations.insert(operationName(dialect));
  }
  EXPECT_EQ(
      names,
      (std::set<std::string_view>{
          "",
          "chat_completions",
          "completions",
          "embeddings",
          "generate_content",
          "messages",
          "realtime",
          "rerank",
          "responses"
      })
  );
  EXPECT_EQ(
      operations,
      (std::set<std::string_view>{
          "",
          "chat",
          "count_tokens",
          "embeddings",
          "generate_content",
          "models",
          "realtime",
          "rerank",
          "text_completion"
      })
  );
}

TEST(Dialect, MethodsAndTheAllowFieldAgree) {
  for (Dialect dialect : kAll) {
    std::string_view allowed = allowedMethods(dialect);
    for (Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kDelete}) {
      EXPECT_EQ(
          allows(dialect, method), allowed.empty() || allowed.contains(http::toString(method))
      );
    }
  }
}

TEST(Dialect, OfErrorsIsTheCallersOwn) {
  http::Fields plain;
  http::Fields anthropic;
  anthropic.add("Anthropic-Version", "2023-06-01");
  EXPECT_EQ(errorDialect(Dialect::kChat, anthropic), Dialect::kChat);
  EXPECT_EQ(errorDialect(Dialect::kMessagesCount, plain), Dialect::kMessages);
  EXPECT_EQ(errorDialect(Dialect::kGeminiEmbed, plain), Dialect::kGemini);
  EXPECT_EQ(errorDialect(Dialect::kUnknown, plain), Dialect::kChat);
  EXPECT_EQ(errorDialect(Dialect::kUnknown, anthropic), Dialect::kMessages);
  EXPECT_EQ(errorDialect(Dialect::kModels, anthropic), Dialect::kMessages);
}

TEST(Dialect, ReadsOnlyBodiesThatAreOneObject) {
  EXPECT_TRUE(readsBody(Dialect::kChat));
  EXPECT_TRUE(readsBody(Dialect::kUnknown));
  EXPECT_FALSE(readsBody(Dialect::kDetect));
  EXPECT_FALSE(readsBody(Dialect::kPassthrough));
  EXPECT_FALSE(readsBody(Dialect::kModels));
}

TEST(FinishReason, HasOneVocabularyOverAllDialects) {
  EXPECT_EQ(finishReason(Dialect::kChat, "tool_calls"), FinishReason::kToolCalls);
  EXPECT_EQ(finishReason(Dialect::kCompletions, "length"), FinishReason::kLength);
  EXPECT_EQ(
      finishReason(Dialect::kMessages, "model_context_window_exceeded"), FinishReason::kLength
  );
  EXPECT_EQ(finishReason(Dialect::kMessages, "pause_turn"), FinishReason::kPause);
  EXPECT_EQ(finishReason(Dialect::kResponses, "failed"), FinishReason::kError);
  EXPECT_EQ(finishReason(Dialect::kGemini, "SAFETY"), FinishReason::kContentFilter);
  EXPECT_EQ(finishReason(Dialect::kChat, "end_turn"), FinishReason::kOther);
}

TEST(FinishReason, HasANameEach) {
  std::set<std::string_view> names;
  for (FinishReason reason :
       {FinishReason::kStop,
        FinishReason::kLength,
        FinishReason::kToolCalls,
        FinishReason::kContentFilter,
        FinishReason::kPause,
        FinishReason::kError,
        FinishReason::kOther}) {
    names.insert(toString(reason));
  }
  EXPECT_EQ(names.size(), 7U);
}

}  // namespace
}  // namespace gatehouse::llm
