#include "telemetry/upstream_head.h"

#include <gtest/gtest.h>

namespace gatehouse::telemetry {
namespace {

RequestRecord startedRecord() {
  RequestRecord record(RequestId{1}, MonoTime{}, WallMicros{0});
  record.beginAttempt(MonoTime{});
  return record;
}

TEST(UpstreamHead, TheFirstKnownRequestIdCounts) {
  RequestRecord record = startedRecord();
  http::Fields fields;
  fields.add("X-Request-Id", "req_b");
  fields.add("Request-Id", "req_a");
  noteUpstreamHead(record, fields);
  EXPECT_EQ(record.text(record.attempt(0).provider_request_id), "req_a");
  EXPECT_EQ(record.attempt(0).rate_limit, nullptr);
}

TEST(UpstreamHead, RateLimitsOfBothFamiliesAreRead) {
  RequestRecord record = startedRecord();
  http::Fields openai;
  openai.add("x-ratelimit-limit-requests", "500");
  openai.add("x-ratelimit-remaining-requests", "499");
  openai.add("x-ratelimit-reset-requests", "120ms");
  openai.add("x-ratelimit-remaining-tokens", "many");
  noteUpstreamHead(record, openai);
  const ProviderRateLimit* limit = record.attempt(0).rate_limit.get();
  ASSERT_NE(limit, nullptr);
  EXPECT_EQ(limit->requests_limit, 500);
  EXPECT_EQ(limit->requests_remaining, 499);
  EXPECT_EQ(record.text(limit->requests_reset), "120ms");
  EXPECT_EQ(limit->tokens_remaining, std::nullopt);

  record.beginAttempt(MonoTime{});
  http::Fields anthropic;
  anthropic.add("anthropic-ratelimit-tokens-limit", "80000");
  anthropic.add("anthropic-ratelimit-tokens-remaining", "0");
  noteUpstreamHead(record, anthropic);
  ASSERT_NE(record.attempt(1).rate_limit, nullptr);
  EXPECT_EQ(record.attempt(1).rate_limit->tokens_limit, 80'000);
  EXPECT_EQ(record.attempt(1).rate_limit->tokens_remaining, 0);
}

TEST(UpstreamHead, NothingElseIsTaken) {
  RequestRecord record = startedRecord();
  http::Fields fields;
  fields.add("Set-Cookie", "session=secret");
  fields.add("Authorization", "Bearer secret");
  noteUpstreamHead(record, fields);
  EXPECT_FALSE(record.attempt(0).provider_request_id.known());
}

}  // namespace
}  // namespace gatehouse::telemetry
