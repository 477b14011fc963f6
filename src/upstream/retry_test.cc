#include "upstream/retry.h"

#include <gtest/gtest.h>

namespace gatehouse::upstream {
namespace {

TEST(Retry, CoversTheCodesItNamesAndNoOther) {
  const RetryRule rule{.codes = {429, 503}};
  EXPECT_TRUE(rule.covers(429));
  EXPECT_TRUE(rule.covers(503));
  EXPECT_FALSE(rule.covers(500));
  EXPECT_FALSE(rule.covers(200));
  EXPECT_FALSE(RetryRule{}.covers(503));
}

TEST(Retry, PausesNeverLessThanTheBackoffAndAtMostHalfMore) {
  const RetryRule rule{.backoff = Millis(100)};
  for (const std::uint64_t random : {0ULL, 1ULL, 49'999'999ULL, 50'000'000ULL, ~0ULL}) {
    EXPECT_GE(rule.pause(random), Millis(100));
    EXPECT_LT(rule.pause(random), Millis(150));
  }
  EXPECT_NE(rule.pause(1), rule.pause(20'000'000));
}

TEST(Retry, SpreadsAlsoWithoutABackoff) {
  const RetryRule rule{.backoff = Nanos(0)};
  EXPECT_EQ(rule.pause(0), Nanos(0));
  EXPECT_EQ(rule.pause(4'000'000), Millis(4));
}

TEST(Retry, TellsAFailedConnectionFromAnAnswerThatIsNone) {
  const auto of = [](ErrorKind kind, Origin origin) { return Error(kind, origin, "x"); };
  EXPECT_TRUE(isConnectionError(of(ErrorKind::kDns, Origin::kUpstream)));
  EXPECT_TRUE(isConnectionError(of(ErrorKind::kConnectRefused, Origin::kUpstream)));
  EXPECT_TRUE(isConnectionError(of(ErrorKind::kUpstreamClosed, Origin::kUpstream)));
  EXPECT_TRUE(isConnectionError(of(ErrorKind::kTimeout, Origin::kUpstream)));
  EXPECT_FALSE(isConnectionError(of(ErrorKind::kTimeout, Origin::kDownstream)));
  EXPECT_FALSE(isConnectionError(of(ErrorKind::kUpstreamInvalid, Origin::kUpstream)));
  EXPECT_FALSE(isConnectionError(of(ErrorKind::kTlsCertificate, Origin::kUpstream)));
  EXPECT_FALSE(isConnectionError(of(ErrorKind::kCancelled, Origin::kUpstream)));
}

}  // namespace
}  // namespace gatehouse::upstream
