#include "telemetry/record.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace gatehouse::telemetry {
namespace {

constexpr RequestId kId{42};

class RecordTest : public testing::Test {
 protected:
  MonoTime at(std::int64_t micros) const { return clock_.now() + Micros(micros); }
  Mark mark(std::int64_t micros) const { return record_.mark(at(micros)); }

  ManualClock clock_;
  RequestRecord record_{kId, clock_.now(), clock_.wall()};
};

TEST(Mark, IsExactBelow35MinutesAndKeepsMillisecondsAbove) {
  EXPECT_FALSE(Mark());
  EXPECT_EQ(Mark().micros(), std::nullopt);
  EXPECT_EQ(Mark(Micros(0)).micros(), 0);
  EXPECT_EQ(Mark(Micros(2'000'000'001)).micros(), 2'000'000'001);
  EXPECT_EQ(Mark(Micros(3'600'000'999)).micros(), 3'600'000'000);
  EXPECT_EQ(Mark(Micros(-5)).micros(), 0);
  EXPECT_EQ(Mark(std::chrono::days(100)).micros(), std::int64_t{0x7FFF'FFFE} * 1000);
}

TEST(Mark, LaterOfTwo) {
  const Mark early(Micros(5));
  const Mark late(Micros(9));
  EXPECT_EQ(later(early, late), late);
  EXPECT_EQ(later(late, early), late);
  EXPECT_EQ(later(Mark(), early), early);
  EXPECT_EQ(later(early, Mark()), early);
  EXPECT_EQ(later(Mark(), Mark()), Mark());
  EXPECT_EQ(later(Mark(Micros(2'000'000'000)), Mark(Seconds(3600))), Mark(Seconds(3600)));
}

TEST_F(RecordTest, StaysSmallForThousandsOfOpenStreams) {
  EXPECT_LE(sizeof(RequestRecord) + sizeof(LlmRecord), 680U);
}

TEST_F(RecordTest, TextsAreAbsentUntilSet) {
  EXPECT_FALSE(record_.has(Text::kPath));
  EXPECT_EQ(record_.text(Text::kPath), "");
  record_.set(Text::kPath, "/v1/messages");
  record_.set(Text::kHost, "example.com");
  record_.set(Text::kPath, "/other");
  EXPECT_EQ(record_.text(Text::kPath), "/other");
  EXPECT_EQ(record_.text(Text::kHost), "example.com");
  record_.set(Text::kHost, "");
  EXPECT_FALSE(record_.has(Text::kHost));
}

TEST_F(RecordTest, TextsAreCutAndTheWholeOfThemIsBounded) {
  record_.set(Text::kUserAgent, std::string(1000, 'u'));
  EXPECT_EQ(record_.text(Text::kUserAgent).size(), 256U);
  TextRef last;
  for (int i = 0; i < 1000; ++i) {
    last = record_.keep(std::string(256, 'k'));
  }
  EXPECT_FALSE(last.known());
  EXPECT_EQ(record_.text(last), "");
  EXPECT_EQ(record_.text(Text::kUserAgent).size(), 256U);
}

TEST_F(RecordTest, NoTextHoldsACredential) {
  const std::string secret = "sk-proj-0123456789abcdef";
  record_.set(Text::kError, "upstream said: Incorrect API key provided: " + secret);
  record_.set(Text::kUserAgent, secret);
  TextRef ref = record_.keep("Bearer " + secret);
  EXPECT_EQ(record_.text(Text::kError), "upstream said: Incorrect API key provided: [redacted]");
  EXPECT_EQ(record_.text(Text::kUserAgent), "[redacted]");
  EXPECT_EQ(record_.text(ref), "Bearer [redacted]");
}

TEST_F(RecordTest, AttemptsKeepTheirOrder) {
  EXPECT_EQ(record_.attemptCount(), 0U);
  record_.beginAttempt(at(10)).status = 529;
  record_.beginAttempt(at(20)).status = 503;
  record_.beginAttempt(at(30)).status = 200;
  ASSERT_EQ(record_.attemptCount(), 3U);
  EXPECT_EQ(record_.attempt(0).status, 529);
  EXPECT_EQ(record_.attempt(2).status, 200);
  EXPECT_EQ(record_.attempt(1).start.micros(), 20);
  EXPECT_EQ(record_.lastAttempt().status, 200);
}

TEST_F(RecordTest, ARepeatedAttemptAsksTheSame) {
  Attempt& first = record_.beginAttempt(at(10));
  first.backend = Name("default/model");
  first.endpoint = record_.keep("10.0.0.1:80");
  first.model_sent = record_.keep("m");
  first.secure = true;
  first.reused = true;
  first.sent = mark(12);
  Attempt& second = record_.repeatAttempt(WhyNext::kRetryConnect, at(20));
  EXPECT_EQ(record_.attempt(0).why_next, WhyNext::kRetryConnect);
  EXPECT_EQ(second.why_next, WhyNext::kNone);
  EXPECT_EQ(second.backend.view(), "default/model");
  EXPECT_EQ(record_.text(second.endpoint), "10.0.0.1:80");
  EXPECT_EQ(record_.text(second.model_sent), "m");
  EXPECT_TRUE(second.secure);
  EXPECT_FALSE(second.reused);
  EXPECT_FALSE(second.sent);
  EXPECT_EQ(second.start.micros(), 20);
  record_.repeatAttempt(WhyNext::kRetryStatus, at(30));
  EXPECT_EQ(record_.attempt(1).why_next, WhyNext::kRetryStatus);
  EXPECT_EQ(record_.text(record_.attempt(2).model_sent), "m");
}

TEST_F(RecordTest, OverheadIsOurTimeBeforeTheAttemptAndAfterTheReply) {
  record_.t_body = mark(1000);
  record_.callout = Mark(Micros(50));
  Attempt& attempt = record_.beginAttempt(at(1200));
  attempt.connect = mark(5000);
  attempt.first_byte = mark(90'000);
  record_.t_client_first = mark(90'030);
  record_.end({Outcome::kCompleted}, at(100'000));
  EXPECT_EQ(record_.overhead.micros(), 180);  // 1200 - 1000 - 50, and 30
  EXPECT_EQ(record_.t_total.micros(), 100'000);
}

TEST_F(RecordTest, OverheadIsWithoutCalloutsBehindTheReplyAsWell) {
  record_.callout = Mark(Micros(500));
  record_.beginAttempt(at(10)).first_byte = mark(100);
  record_.t_client_first = mark(620);
  record_.end({Outcome::kCompleted}, at(700));
  EXPECT_EQ(record_.overhead.micros(), 30);
}

TEST_F(RecordTest, OverheadHasNoPartOfConnectingOrOfASlowlyTakenRequest) {
  Attempt& attempt = record_.beginAttempt(at(10));
  attempt.connect = mark(300);
  attempt.tls = mark(900);
  attempt.sent = mark(2000);
  attempt.first_byte = mark(3000);
  record_.t_client_first = mark(3005);
  record_.end({Outcome::kCompleted}, at(4000));
  EXPECT_EQ(record_.overhead.micros(), 15);
}

TEST_F(RecordTest, OverheadOfALocalReplyIsAllButTheWaitForTheBody) {
  record_.t_body = mark(700);
  record_.t_client_first = mark(900);
  record_.end({Outcome::kRefused, Detail::kBadRequest}, at(1000));
  EXPECT_EQ(record_.overhead.micros(), 200);
}

TEST_F(RecordTest, TokenPaceIsKnownOnlyOfAStreamWithSeveralTokens) {
  LlmRecord& llm = record_.llm();
  EXPECT_EQ(record_.protocol, Protocol::kLlm);
  llm.stream_reply = true;
  llm::TokenUsage usage;
  usage.out = llm::OutputTokens{101};
  llm.setUsage(usage);
  Attempt& attempt = record_.beginAttempt(at(0));
  attempt.first_token = mark(500'000);
  attempt.last_byte = mark(2'500'000);
  record_.end({Outcome::kCompleted}, at(2'500'100));
  EXPECT_EQ(llm.time_per_output_token.micros(), 20'000);
  EXPECT_EQ(llm.milli_tokens_per_second, 50'000U);
  EXPECT_EQ(timeToFirstToken(record_).micros(), 500'000);
}

TEST_F(RecordTest, UnknownUsageGivesNoPace) {
  record_.llm().stream_reply = true;
  Attempt& attempt = record_.beginAttempt(at(0));
  attempt.first_token = mark(5);
  attempt.last_byte = mark(9);
  record_.end({Outcome::kCompleted}, at(10));
  EXPECT_FALSE(record_.llmPart()->time_per_output_token);
  EXPECT_FALSE(record_.llmPart()->milli_tokens_per_second);
}

TEST_F(RecordTest, MovesWithAllItHolds) {
  record_.set(Text::kPath, "/x");
  record_.beginAttempt(at(1));
  record_.llm().operation = "chat";
  RequestRecord moved = std::move(record_);
  EXPECT_EQ(moved.id(), kId);
  EXPECT_EQ(moved.text(Text::kPath), "/x");
  EXPECT_EQ(moved.attemptCount(), 1U);
  EXPECT_EQ(moved.llmPart()->operation, "chat");
}

#ifndef NDEBUG
TEST_F(RecordTest, ASecondOutcomeEndsTheProgram) {
  record_.end({Outcome::kCompleted}, at(1));
  EXPECT_DEATH(record_.end({Outcome::kRefused}, at(2)), "broken invariant");
}

TEST_F(RecordTest, AnEndingAskedForTooEarlyEndsTheProgram) {
  EXPECT_DEATH(std::ignore = record_.ending(), "broken invariant");
}
#endif

}  // namespace
}  // namespace gatehouse::telemetry
