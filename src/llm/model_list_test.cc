#include "llm/model_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

const ListedModel& model() {
  static const ListedModel listed{.id = {"Qwen/Qwen3.6"}, .owned_by = "openai"};
  return listed;
}

TEST(ModelList, IsInOpenAisForm) {
  ModelReply reply = answerModels(ModelListForm::kOpenAi, model(), {}, "01REQ");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(
      reply.body,
      R"({"object":"list","data":[{"id":"Qwen/Qwen3.6","object":"model","created":0,"owned_by":"openai"}]})"
  );
}

TEST(ModelList, IsInAnthropicsForm) {
  ModelReply reply = answerModels(ModelListForm::kAnthropic, model(), {}, "01REQ");
  EXPECT_EQ(
      reply.body,
      R"({"data":[{"type":"model","id":"Qwen/Qwen3.6","display_name":"Qwen/Qwen3.6","created_at":"1970-01-01T00:00:00Z"}],)"
      R"("has_more":false,"first_id":"Qwen/Qwen3.6","last_id":"Qwen/Qwen3.6"})"
  );
}

TEST(ModelList, IsEmptyBeyondItsOneModel) {
  for (std::string_view query : {"after_id=Qwen%2FQwen3.6", "limit=9&before_id=Qwen/Qwen3.6"}) {
    ModelReply reply =
        answerModels(ModelListForm::kAnthropic, model(), {.id = {}, .query = query}, "01REQ");
    EXPECT_EQ(reply.body, R"({"data":[],"has_more":false,"first_id":null,"last_id":null})");
  }
  for (std::string_view query : {"after_id=other", "limit=1000", ""}) {
    ModelReply reply =
        answerModels(ModelListForm::kAnthropic, model(), {.id = {}, .query = query}, "01REQ");
    EXPECT_THAT(reply.body, testing::HasSubstr(R"("id":"Qwen/Qwen3.6")"));
  }
}

TEST(ModelList, ShowsTheOneModel) {
  for (const char* wanted : {"Qwen/Qwen3.6", "Qwen%2FQwen3.6"}) {
    ModelReply reply =
        answerModels(ModelListForm::kOpenAi, model(), {.id = wanted, .query = {}}, "01REQ");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(
        reply.body, R"({"id":"Qwen/Qwen3.6","object":"model","created":0,"owned_by":"openai"})"
    );
  }
}

TEST(ModelList, DoesNotKnowOthers) {
  ModelReply openai =
      answerModels(ModelListForm::kOpenAi, model(), {.id = "gpt%4", .query = {}}, "01REQ");
  EXPECT_EQ(openai.status, 404);
  EXPECT_EQ(
      openai.body,
      R"({"error":{"message":"There is no model \"gpt%4\" here. Use \"Qwen/Qwen3.6\".",)"
      R"("type":"invalid_request_error","param":"model","code":"model_not_found"}})"
  );
  ModelReply anthropic =
      answerModels(ModelListForm::kAnthropic, model(), {.id = "x", .query = {}}, "01REQ");
  EXPECT_EQ(anthropic.status, 404);
  EXPECT_THAT(anthropic.body, testing::HasSubstr(R"("type":"not_found_error")"));
}

TEST(ModelList, FollowsWhoAsksAndWhoAnswers) {
  http::Fields plain;
  http::Fields anthropic;
  anthropic.add("anthropic-version", "2023-06-01");
  EXPECT_EQ(modelListForm(plain, ProviderKind::kOpenAi), ModelListForm::kOpenAi);
  EXPECT_EQ(modelListForm(anthropic, ProviderKind::kOpenAi), ModelListForm::kAnthropic);
  EXPECT_EQ(modelListForm(plain, ProviderKind::kAnthropic), ModelListForm::kAnthropic);
}

}  // namespace
}  // namespace gatehouse::llm
