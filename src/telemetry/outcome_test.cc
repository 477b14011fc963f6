#include "telemetry/outcome.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace gatehouse::telemetry {
namespace {

std::string errorType(Ending ending, std::optional<std::uint16_t> status = std::nullopt) {
  StatusDigits digits{};
  return std::string(errorTypeOf(ending, status, digits));
}

TEST(Outcome, EveryDetailKeyHasItsOwnName) {
  std::set<std::string_view> names;
  for (std::size_t i = 1; i < kDetailCount; ++i) {
    std::string_view name = toString(static_cast<Detail>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(toString(Detail::kNone), "");
  EXPECT_EQ(toString(Detail::kDnsError), "dns_error");
  EXPECT_EQ(toString(Detail::kHttpResponseDecodeError), "http_response_decode_error");
  EXPECT_EQ(toString(Detail::kRouteNotFound), "route_not_found");
  EXPECT_EQ(toString(Detail::kOperatorCancelled), "operator_cancelled");
}

TEST(Outcome, OutcomesAreSpelledAsInTheSpecification) {
  EXPECT_EQ(toString(Outcome::kCompleted), "Completed");
  EXPECT_EQ(toString(Outcome::kUpstreamTruncated), "UpstreamTruncated");
  EXPECT_EQ(toString(Outcome::kGatewayFailed), "GatewayFailed");
}

TEST(Outcome, ErrorsEndAsTheSideThatCausedThem) {
  auto ending = [](ErrorKind kind, Origin origin, Reply reply = Reply::kNotBegun) {
    return endingOf(kind, origin, reply);
  };
  using enum ErrorKind;
  using enum Origin;
  EXPECT_EQ(ending(kInvalidJson, kDownstream), (Ending{Outcome::kRefused, Detail::kBadRequest}));
  EXPECT_EQ(ending(kBodyTooLarge, kDownstream), (Ending{Outcome::kRefused, Detail::kBodyTooLarge}));
  EXPECT_EQ(
      ending(kHeadTooLarge, kUpstream),
      (Ending{Outcome::kUpstreamFailed, Detail::kHttpResponseHeaderSectionSize})
  );
  EXPECT_EQ(
      ending(kRouteNotFound, kDownstream), (Ending{Outcome::kRefused, Detail::kRouteNotFound})
  );
  EXPECT_EQ(ending(kDns, kUpstream), (Ending{Outcome::kUpstreamFailed, Detail::kDnsError}));
  EXPECT_EQ(
      ending(kCredentialMissing, kGateway),
      (Ending{Outcome::kGatewayFailed, Detail::kProxyConfigurationError})
  );
  EXPECT_EQ(
      ending(kPeerClosed, kDownstream), (Ending{Outcome::kClientGone, Detail::kClientCancelled})
  );
  EXPECT_EQ(ending(kOverloaded, kGateway), (Ending{Outcome::kRefused, Detail::kOverload}));
}

TEST(Outcome, AnUpstreamThatBreaksOffIsTruncatedOnlyOnceItsReplyHasBegun) {
  EXPECT_EQ(
      endingOf(ErrorKind::kUpstreamClosed, Origin::kUpstream, Reply::kNotBegun),
      (Ending{Outcome::kUpstreamFailed, Detail::kConnectionTerminated})
  );
  EXPECT_EQ(
      endingOf(ErrorKind::kUpstreamClosed, Origin::kUpstream, Reply::kBegun),
      (Ending{Outcome::kUpstreamTruncated, Detail::kStreamTruncated})
  );
  EXPECT_EQ(
      endingOf(ErrorKind::kTimeout, Origin::kUpstream, Reply::kBegun),
      (Ending{Outcome::kTimedOut, Detail::kStreamIdle})
  );
}

TEST(Outcome, NoErrorEndsAsACompletedRequest) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kInternal); ++kind) {
    for (Origin origin : {Origin::kDownstream, Origin::kUpstream, Origin::kGateway}) {
      for (Reply reply : {Reply::kNotBegun, Reply::kBegun}) {
        Ending ending = endingOf(static_cast<ErrorKind>(kind), origin, reply);
        EXPECT_NE(ending.outcome, Outcome::kCompleted) << toString(static_cast<ErrorKind>(kind));
        EXPECT_NE(ending.detail, Detail::kNone) << toString(static_cast<ErrorKind>(kind));
      }
    }
  }
}

TEST(Outcome, ErrorTypeIsTheStatusOnlyOfAFailedCompletedRequest) {
  EXPECT_EQ(errorType({Outcome::kCompleted}, 200), "");
  EXPECT_EQ(errorType({Outcome::kCompleted}, 429), "429");
  EXPECT_EQ(errorType({Outcome::kCompleted}), "");
  EXPECT_EQ(errorType({Outcome::kLocalReply}, 404), "");
  EXPECT_EQ(errorType({Outcome::kRefused, Detail::kRateLimited}, 429), "rate_limited");
  EXPECT_EQ(
      errorType({Outcome::kUpstreamTruncated, Detail::kHttpProtocolError}, 200), "stream_truncated"
  );
  EXPECT_EQ(errorType({Outcome::kTimedOut, Detail::kStreamIdle}, 200), "timeout");
  EXPECT_EQ(errorType({Outcome::kClientGone, Detail::kClientCancelled}), "client_cancelled");
  EXPECT_EQ(errorType({Outcome::kGatewayFailed, Detail::kShutdown}), "gateway_error");
}

TEST(Outcome, ReasonsAreTheWordsOfAgentgateway) {
  EXPECT_EQ(reasonOf({Outcome::kCompleted}), "Upstream");
  EXPECT_EQ(reasonOf({Outcome::kLocalReply}), "DirectResponse");
  EXPECT_EQ(reasonOf({Outcome::kRefused, Detail::kRouteNotFound}), "NotFound");
  EXPECT_EQ(reasonOf({Outcome::kUpstreamFailed, Detail::kNoBackend}), "NoHealthyBackend");
  EXPECT_EQ(
      reasonOf({Outcome::kRefused, Detail::kAuthentication, RefusedBy::kApiKey}), "APIKeyAuth"
  );
  EXPECT_EQ(reasonOf({Outcome::kRefused, Detail::kBudgetExceeded}), "RateLimit");
  EXPECT_EQ(reasonOf({Outcome::kRefused, Detail::kGuardResponse}), "Guardrail");
  EXPECT_EQ(reasonOf({Outcome::kRefused, Detail::kBodyMemory}), "Overload");
  EXPECT_EQ(reasonOf({Outcome::kRefused, Detail::kUnsupportedDialect}), "InvalidRequest");
  EXPECT_EQ(reasonOf({Outcome::kTimedOut, Detail::kHttpResponseTimeout}), "Timeout");
  EXPECT_EQ(reasonOf({Outcome::kUpstreamTruncated, Detail::kStreamTruncated}), "UpstreamFailure");
  EXPECT_EQ(reasonOf({Outcome::kClientGone, Detail::kClientCancelled}), "Internal");
}

TEST(Outcome, ProviderStatusesHaveDetailKeys) {
  EXPECT_EQ(detailOfStatus(200), Detail::kNone);
  EXPECT_EQ(detailOfStatus(401), Detail::kProviderAuth);
  EXPECT_EQ(detailOfStatus(429), Detail::kProviderQuota);
  EXPECT_EQ(detailOfStatus(529), Detail::kProviderOverloaded);
  EXPECT_EQ(detailOfStatus(404), Detail::kNone);
}

}  // namespace
}  // namespace gatehouse::telemetry
