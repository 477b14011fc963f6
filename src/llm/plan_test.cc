#include "llm/plan.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

using http::Method;

ProviderSettings openai(std::string_view host = "") {
  ProviderSettings settings;
  settings.host = host;
  return settings;
}

ProviderSettings anthropic() {
  ProviderSettings settings;
  settings.kind = ProviderKind::kAnthropic;
  return settings;
}

Result<Plan> planFor(
    const ProviderSettings& settings,
    std::string_view path,
    std::string_view query = "",
    std::string_view route_prefix = "/x",
    Method method = Method::kPost
) {
  DialectMatch match = matchDialect(method, path, settings.routes);
  return makePlan(match, {.path = path, .query = query, .route_prefix = route_prefix}, settings);
}

std::string targetFor(
    const ProviderSettings& settings, std::string_view path, Method method = Method::kPost
) {
  Result<Plan> plan = planFor(settings, path, "", "/x", method);
  return plan ? plan->target : "error: " + plan.error().detail();
}

TEST(Target, IsTheBaseAndTheDialectsOwnPath) {
  for (std::string_view path :
       {"/x/v1/chat/completions",
        "/x/chat/completions",
        "/x/v1/v1/chat/completions",
        "/chat/completions/"}) {
    EXPECT_EQ(targetFor(openai(), path), "/v1/chat/completions") << path;
  }
  EXPECT_EQ(targetFor(anthropic(), "/x/v1/messages"), "/v1/messages");
  EXPECT_EQ(targetFor(anthropic(), "/x/messages/count_tokens"), "/v1/messages/count_tokens");
  EXPECT_EQ(targetFor(openai(), "/x/responses"), "/v1/responses");
  EXPECT_EQ(targetFor(openai(), "/x/embeddings"), "/v1/embeddings");
  EXPECT_EQ(targetFor(openai(), "/x/v2/rerank"), "/v1/rerank");
  EXPECT_EQ(targetFor(openai(), "/x/completions"), "/v1/completions");
  EXPECT_EQ(targetFor(openai(), "/x/models", Method::kGet), "/v1/models");
  EXPECT_EQ(targetFor(openai(), "/x/v1/models/a/b", Method::kGet), "/v1/models/a/b");
  EXPECT_EQ(targetFor(openai(), "/x/v1/files/f-1/content", Method::kGet), "/v1/files/f-1/content");
  EXPECT_EQ(targetFor(openai(), "/x/responses/resp_1/cancel"), "/v1/responses/resp_1/cancel");
}

TEST(Target, HasTheClientsQuery) {
  Result<Plan> plan = planFor(anthropic(), "/x/v1/messages", "beta=true&x=%20");
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->target, "/v1/messages?beta=true&x=%20");
}

TEST(Target, HasThePathPrefixInPlaceOfTheBase) {
  ProviderSettings settings = openai("api.groq.com");
  for (std::string_view prefix : {"/openai/v1", "/openai/v1/"}) {
    settings.path_prefix = std::string(prefix);
    EXPECT_EQ(targetFor(settings, "/x/v1/chat/completions"), "/openai/v1/chat/completions");
  }
  settings.path_prefix = "/";
  EXPECT_EQ(targetFor(settings, "/x/v1/chat/completions"), "/chat/completions");
}

TEST(Target, IsTheConfiguredPathVerbatim) {
  ProviderSettings settings = openai();
  settings.path = "/api/generate?version=2";
  Result<Plan> plan = planFor(settings, "/x/v1/chat/completions", "a=b");
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->target, "/api/generate?version=2");
}

TEST(Target, OfPassthroughHasLostTheRouteAndOneVersion) {
  ProviderSettings settings = openai();
  settings.routes = DialectRoutes({{"*", Dialect::kPassthrough}});
  Result<Plan> plan = planFor(settings, "/x/v1/anything/at/all", "q=1");
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->target, "/v1/anything/at/all?q=1");
  EXPECT_EQ(plan->treatment, Treatment::kOpaque);
  EXPECT_EQ(targetFor(settings, "/x"), "/v1/");
}

TEST(Treatment, ReadsRepliesThatHaveUsage) {
  EXPECT_EQ(planFor(openai(), "/x/v1/chat/completions")->treatment, Treatment::kPassthrough);
  EXPECT_EQ(planFor(openai(), "/x/v1/chat/completions")->reply.dialect, Dialect::kChat);
  EXPECT_EQ(planFor(openai(), "/x/v1/images/generations")->treatment, Treatment::kPassthrough);
  EXPECT_EQ(planFor(openai(), "/x/v1/responses/compact")->treatment, Treatment::kPassthrough);
}

TEST(Treatment, DoesNotCountAStoredResponseAgain) {
  Result<Plan> plan = planFor(openai(), "/x/v1/responses/resp_1", "", "/x", Method::kGet);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->treatment, Treatment::kOpaque);
  EXPECT_EQ(plan->reply.dialect, Dialect::kPassthrough);
}

TEST(Treatment, AnswersHereWhatNeedsNoUpstream) {
  ProviderSettings settings = openai();
  settings.model = ModelName{"gpt-4o"};
  EXPECT_EQ(
      planFor(settings, "/x/v1/models", "", "/x", Method::kGet)->treatment, Treatment::kModelList
  );
  EXPECT_EQ(
      planFor(anthropic(), "/x/v1/models", "", "/x", Method::kGet)->treatment,
      Treatment::kPassthrough
  );
  EXPECT_EQ(
      planFor(anthropic(), "/x/api/hello", "", "/x", Method::kHead)->treatment, Treatment::kHello
  );
}

TEST(Plan, RefusesADialectTheProviderDoesNotSpeak) {
  Result<Plan> messages = planFor(openai(), "/x/v1/messages");
  ASSERT_FALSE(messages.has_value());
  EXPECT_EQ(messages.error().kind(), ErrorKind::kNotSupported);
  EXPECT_THAT(messages.error().detail(), testing::HasSubstr("/v1/chat/completions"));
  EXPECT_EQ(
      planFor(anthropic(), "/x/v1/chat/completions").error().kind(), ErrorKind::kNotSupported
  );
  EXPECT_EQ(
      planFor(openai(), "/v1beta/models/g:generateContent").error().kind(), ErrorKind::kNotSupported
  );
}

TEST(Plan, KnowsWhereXaiCountsReasoning) {
  EXPECT_EQ(
      planFor(openai("api.x.ai"), "/x/chat/completions")->reply.reasoning, ReasoningCount::kOutside
  );
  EXPECT_EQ(
      planFor(openai("us.api.x.ai"), "/x/chat/completions")->reply.reasoning,
      ReasoningCount::kOutside
  );
  EXPECT_EQ(
      planFor(openai("myapi.x.ai"), "/x/chat/completions")->reply.reasoning, ReasoningCount::kInside
  );
  EXPECT_EQ(planFor(openai(), "/x/chat/completions")->reply.reasoning, ReasoningCount::kInside);
}

}  // namespace
}  // namespace gatehouse::llm
