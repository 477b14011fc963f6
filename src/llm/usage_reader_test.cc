#include "llm/usage_reader.h"

#include <string>

#include <gtest/gtest.h>

#include "base/padded_view.h"

namespace gatehouse::llm {
namespace {

TEST(UsageReader, KeepsTheObjectVerbatim) {
  UsageReader reader(Dialect::kChat, ReasoningCount::kInside);
  reader.add("null");
  EXPECT_FALSE(reader.seen());
  reader.add(R"({ "prompt_tokens" : 1, "odd":[1.50] })");
  EXPECT_TRUE(reader.seen());
  EXPECT_EQ(reader.take().raw, R"({ "prompt_tokens" : 1, "odd":[1.50] })");
}

TEST(UsageReader, KeepsAllObjectsOfAMessagesStream) {
  UsageReader reader(Dialect::kMessages, ReasoningCount::kInside);
  reader.add(R"({"input_tokens":1})");
  reader.add(R"({"output_tokens":2})");
  reader.add(R"({"output_tokens": 3})");
  EXPECT_EQ(reader.take().raw, R"([{"input_tokens":1},{"output_tokens":2},{"output_tokens": 3}])");
}

TEST(UsageReader, LeavesOutARawObjectOverTheLimitButReadsIt) {
  UsageReader reader(Dialect::kChat, ReasoningCount::kInside);
  reader.add(
      R"({"prompt_tokens":1,"completion_tokens":2,"x":")" + std::string(5000, 'x') + R"("})"
  );
  EXPECT_EQ(reader.take().raw, "");
  EXPECT_EQ(reader.take().in, InputTokens{1});
}

TEST(UsageReader, DoesNotGrowWithTheNumberOfReports) {
  UsageReader reader(Dialect::kMessages, ReasoningCount::kInside);
  for (int i = 0; i < 5000; ++i) {
    reader.add(R"({"input_tokens":1,"output_tokens":2})");
  }
  TokenUsage usage = reader.take();
  EXPECT_EQ(usage.raw, "");
  EXPECT_EQ(usage.out, OutputTokens{2});
}

TEST(UsageReader, TakesTextThatIsNotJsonForNoReport) {
  UsageReader chat(Dialect::kChat, ReasoningCount::kInside);
  chat.add("{oops");
  EXPECT_EQ(chat.take().state, UsageState::kUnknown);
  UsageReader messages(Dialect::kMessages, ReasoningCount::kInside);
  messages.add("{oops");
  EXPECT_EQ(messages.take().state, UsageState::kUnknown);
}

TEST(UsageReader, ReadsNothingOutOfAListInPlaceOfAnObject) {
  EXPECT_FALSE(readUsage(Dialect::kChat, PaddedCopy("[1,2]").view()).input);
}

TEST(EstimateOutput, CountsTheBytesThatArrived) {
  TokenUsage seen;
  seen.in = InputTokens{10};
  seen.out = OutputTokens{1};
  TokenUsage estimated = estimateOutput(seen, 401);
  EXPECT_EQ(estimated.state, UsageState::kEstimated);
  EXPECT_EQ(estimated.in, InputTokens{10});
  EXPECT_EQ(estimated.out, OutputTokens{101});
}

TEST(EstimateOutput, NeverLowersAReport) {
  TokenUsage seen;
  seen.out = OutputTokens{500};
  EXPECT_EQ(estimateOutput(seen, 4).out, OutputTokens{500});
}

TEST(EstimateOutput, InventsNothingWhereNothingArrived) {
  EXPECT_EQ(estimateOutput(TokenUsage{}, 0).state, UsageState::kUnknown);
  EXPECT_FALSE(estimateOutput(TokenUsage{}, 0).out);
  TokenUsage seen;
  seen.in = InputTokens{3};
  EXPECT_EQ(estimateOutput(seen, 0).state, UsageState::kPartial);
}

}  // namespace
}  // namespace gatehouse::llm
