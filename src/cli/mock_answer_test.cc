#include "cli/mock_answer.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse::cli {
namespace {

using testing::HasSubstr;

http::RequestHead head(http::Method method, std::string_view target) {
  http::RequestHead head;
  head.method = method;
  head.target = target;
  return head;
}

MockReply post(std::string_view target, std::string_view body) {
  return answerWithoutRule(head(http::Method::kPost, target), body, 7);
}

TEST(MockAnswer, EveryDialectItKnows) {
  constexpr std::string_view kChat = R"({"messages":[{"role":"user","content":"Hi"}]})";
  EXPECT_THAT(post("/v1/chat/completions", kChat).pieces[0], HasSubstr("chat.completion"));
  EXPECT_THAT(post("/v1/messages", kChat).pieces[0], HasSubstr(R"("type":"message")"));
  EXPECT_EQ(post("/v1/messages/count_tokens", kChat).pieces[0], R"({"input_tokens":1})");
  EXPECT_THAT(post("/v1/responses", R"({"input":"Hi"})").pieces[0], HasSubstr("You said: Hi"));
  EXPECT_THAT(post("/v1/embeddings", R"({"input":"Hi"})").pieces[0], HasSubstr("embedding"));
  EXPECT_TRUE(post("/v1/responses", R"({"input":"Hi","stream":true})").chunked);
  EXPECT_EQ(answerWithoutRule(head(http::Method::kGet, "/api/hello"), "", 1).status, 204);
}

TEST(MockAnswer, AModelListInBothForms) {
  http::RequestHead list = head(http::Method::kGet, "/v1/models");
  EXPECT_THAT(answerWithoutRule(list, "", 1).pieces[0], HasSubstr(R"("object":"list")"));
  list.fields.add("anthropic-version", "2023-06-01");
  EXPECT_THAT(answerWithoutRule(list, "", 1).pieces[0], HasSubstr(R"("has_more":false)"));
  EXPECT_EQ(answerWithoutRule(head(http::Method::kGet, "/v1/models/mock"), "", 1).status, 200);
  EXPECT_EQ(answerWithoutRule(head(http::Method::kGet, "/v1/models/other"), "", 1).status, 404);
}

TEST(MockAnswer, ErrorsSpeakTheDialectOfThePath) {
  MockReply reply = post("/v1/messages", R"({"messages":[],"max_tokens":0})");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(
      reply.pieces[0],
      R"({"type":"error","error":{"type":"invalid_request_error","message":"max_tokens is 0; it )"
      R"(must be a whole number from 1."},"request_id":"req_mock_7"})"
  );
  reply = post("/v1/chat/completions", "{");
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.pieces[0], HasSubstr(R"("code":"invalid_json")"));
}

TEST(MockAnswer, WhatItHasNoAnswerForIsNamedWithWhatItHas) {
  for (const MockReply& reply :
       {post("/v1/rerank", "{}"),
        post("/elsewhere", "{}"),
        answerWithoutRule(head(http::Method::kGet, "/v1/chat/completions"), "", 1)}) {
    EXPECT_EQ(reply.status, 404);
    EXPECT_THAT(reply.pieces[0], HasSubstr(R"("code":"no_rule")"));
    EXPECT_THAT(reply.pieces[0], HasSubstr("/v1/embeddings"));
  }
  EXPECT_THAT(post("/elsewhere", "{}").pieces[0], HasSubstr("no rule for POST /elsewhere;"));
}

}  // namespace
}  // namespace gatehouse::cli
