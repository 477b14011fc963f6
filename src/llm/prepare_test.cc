#include "llm/prepare.h"

#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

using testing::HasSubstr;

ProviderSettings withModel(std::string_view model) {
  ProviderSettings settings;
  settings.model = ModelName{std::string(model)};
  settings.host = "10.0.0.1";
  return settings;
}

ProviderSettings withoutModel() {
  ProviderSettings settings;
  settings.host = "10.0.0.1";
  return settings;
}

DialectMatch match(Dialect dialect) {
  return {.dialect = dialect, .prefix = {}, .own_path = "/weird", .path_model = {}};
}

struct PreparedWithFacts : PreparedRequest {
  RequestFacts facts;
};

Result<PreparedWithFacts> prepare(
    std::string_view body, const ProviderSettings& settings, const DialectMatch& matched
) {
  PaddedCopy padded(body);
  RequestFacts facts;
  GATEHOUSE_TRY(
      PreparedRequest prepared,
      prepareRequest(matched, {.bytes = Chunk::copy(body), .text = padded.view()}, settings, facts)
  );
  return PreparedWithFacts{std::move(prepared), std::move(facts)};
}

std::string sent(const PreparedRequest& prepared) {
  std::string all;
  for (const Chunk& chunk : prepared.body) {
    all += chunk.view();
  }
  return all;
}

std::string sentFor(
    std::string_view body, const ProviderSettings& settings, Dialect dialect = Dialect::kChat
) {
  Result<PreparedWithFacts> prepared = prepare(body, settings, match(dialect));
  EXPECT_TRUE(prepared.has_value()) << (prepared ? "" : prepared.error().detail());
  return prepared ? sent(*prepared) : std::string();
}

Error errorFor(std::string_view body, Dialect dialect = Dialect::kChat) {
  Result<PreparedWithFacts> prepared = prepare(body, withoutModel(), match(dialect));
  EXPECT_FALSE(prepared.has_value()) << body;
  return prepared ? Error(ErrorKind::kInternal, Origin::kGateway, "none") : prepared.error();
}

TEST(Prepare, ReplacesOnlyTheModel) {
  EXPECT_EQ(
      sentFor(
          "{ \"messages\" : [],\t\"model\" : \"agw\", \"x\":1.50e1 }\n",
          withModel("Qwen/Qwen3.6-35B")
      ),
      "{ \"messages\" : [],\t\"model\" : \"Qwen/Qwen3.6-35B\", \"x\":1.50e1 }\n"
  );
}

TEST(Prepare, SaysThatItChangedTheBody) {
  std::string_view body = R"({"model":"m","messages":[],"stream":true})";
  EXPECT_TRUE(prepare(body, withoutModel(), match(Dialect::kChat))->changed) << "usage asked for";
  EXPECT_FALSE(prepare(body, withModel("m"), match(Dialect::kMessages))->changed);
  EXPECT_TRUE(prepare(body, withModel("n"), match(Dialect::kMessages))->changed);
}

TEST(Prepare, PutsTheModelInPlaceOfAnythingElse) {
  for (std::string_view body :
       {R"({"model":"","m":1})", R"({"model":null,"m":1})", R"({"model":7,"m":1})"}) {
    EXPECT_EQ(sentFor(body, withModel("m \"1\"")), R"({"model":"m \"1\"","m":1})");
  }
}

TEST(Prepare, AddsAModelThatIsAbsent) {
  EXPECT_EQ(sentFor(R"({})", withModel("m"), Dialect::kEmbeddings), R"({"model":"m"})");
  std::string added = sentFor(R"({"input":"a"})", withModel("m"), Dialect::kEmbeddings);
  EXPECT_EQ(added, R"({"model":"m","input":"a"})");
}

TEST(Prepare, LeavesTheBodyAloneWhenThereIsNothingToDo) {
  std::string_view body = R"( {"model":"claude","stream":true,"max_tokens":5,"messages":[]} )";
  Result<PreparedWithFacts> prepared = prepare(body, withoutModel(), match(Dialect::kMessages));
  ASSERT_TRUE(prepared.has_value());
  EXPECT_EQ(prepared->body.size(), 1U);
  EXPECT_FALSE(prepared->changed);
  EXPECT_EQ(sent(*prepared), body);
  EXPECT_EQ(prepared->model_sent.text, "claude");
  EXPECT_EQ(prepared->usage_chunk, UsageChunk::kShown);
}

TEST(Prepare, TakesTheModelFromThePathWhereTheBodyHasNone) {
  DialectMatch azure = match(Dialect::kChat);
  azure.path_model = "gpt%204";
  Result<PreparedWithFacts> prepared = prepare(R"({"messages":[]})", withoutModel(), azure);
  ASSERT_TRUE(prepared.has_value());
  EXPECT_EQ(prepared->model_sent.text, "gpt 4");
  EXPECT_EQ(prepared->facts.model_requested, ModelName{"gpt 4"});
  EXPECT_EQ(sent(*prepared), R"({"messages":[]})");
}

TEST(Prepare, AModelOfThePathIsRequestedAndNotInTheBody) {
  DialectMatch azure = match(Dialect::kChat);
  azure.path_model = "m";
  for (std::string_view fixed : {"m", "other"}) {
    Result<PreparedWithFacts> prepared = prepare(R"({"messages":[]})", withModel(fixed), azure);
    ASSERT_TRUE(prepared.has_value());
    EXPECT_EQ(prepared->facts.model_requested, ModelName{"m"});
    EXPECT_EQ(prepared->model_sent.text, fixed);
    EXPECT_TRUE(sent(*prepared).starts_with(R"({"model":")" + std::string(fixed))) << fixed;
  }
}

TEST(Prepare, WantsAModel) {
  for (std::string_view body :
       {R"({"messages":[]})", R"({"model":"","messages":[]})", R"({"model":3,"messages":[]})"}) {
    EXPECT_EQ(errorFor(body).kind(), ErrorKind::kModelMissing);
  }
}

TEST(Prepare, RefusesWhatTwoReadersCouldReadDifferently) {
  Error twice = errorFor("{\"model\":\"a\",\n\"model\":\"b\"}");
  EXPECT_EQ(twice.kind(), ErrorKind::kInvalidJson);
  EXPECT_THAT(twice.detail(), HasSubstr("line 2"));
  EXPECT_EQ(errorFor(R"({"mod\u0065l":"a","model":"b"})").kind(), ErrorKind::kInvalidJson);
  Error escaped = errorFor(R"({"x":1,"mod\u0065l":"a"})");
  EXPECT_EQ(escaped.kind(), ErrorKind::kInvalidJson);
  EXPECT_THAT(escaped.detail(), HasSubstr("byte 7"));
  for (std::string_view body :
       {"", "[]", "\"a\"", "{\"model\":\"a\"} x", "{\"model\":\"a\"", "{\"model\":\"\xff\"}"}) {
    EXPECT_EQ(errorFor(body).kind(), ErrorKind::kInvalidJson) << body;
  }
}

Result<PreparedWithFacts> prepareAt(std::string_view path, std::string_view body) {
  PaddedCopy padded(body);
  DialectMatch matched = match(Dialect::kDetect);
  matched.own_path = path;
  RequestFacts facts;
  GATEHOUSE_TRY(
      PreparedRequest prepared,
      prepareDetected(
          matched, {.bytes = Chunk::copy(body), .text = padded.view()}, withModel("m"), facts
      )
  );
  return PreparedWithFacts{std::move(prepared), std::move(facts)};
}

TEST(Detected, TheConfiguredModelReplacesTheClients) {
  constexpr std::string_view kPath = "/moderations";
  for (std::string_view model : {R"("q")", R"("")", "null", "7"}) {
    const std::string body = R"({"input":"a","model":)" + std::string(model) + "}";
    Result<PreparedWithFacts> prepared = prepareAt(kPath, body);
    ASSERT_TRUE(prepared.has_value());
    EXPECT_EQ(sent(*prepared), R"({"input":"a","model":"m"})") << model;
    EXPECT_EQ(prepared->model_sent.text, "m");
  }
  EXPECT_EQ(prepareAt(kPath, R"({"model":"q"})")->facts.model_requested->text, "q");
  EXPECT_EQ(sent(*prepareAt(kPath, " {\"model\" : \"m\"}\n")), " {\"model\" : \"m\"}\n");
}

TEST(Detected, AnAbsentModelIsAddedWhereOneIsExpected) {
  for (std::string_view path :
       {"/responses/compact",
        "/responses/input_tokens",
        "/moderations",
        "/images/generations",
        "/audio/speech"}) {
    EXPECT_EQ(sent(*prepareAt(path, R"({"a":1})")), R"({"model":"m","a":1})") << path;
  }
  for (std::string_view path : {"/batches", "/files", "/responses/r1/cancel"}) {
    Result<PreparedWithFacts> prepared = prepareAt(path, R"({"a":1})");
    ASSERT_TRUE(prepared.has_value());
    EXPECT_EQ(sent(*prepared), R"({"a":1})") << path;
    EXPECT_EQ(prepared->model_sent.text, "");
  }
  EXPECT_EQ(sent(*prepareAt("/batches", R"({"model":"q"})")), R"({"model":"m"})");
}

TEST(Detected, WhatIsNoObjectGoesOnAsItIs) {
  for (std::string_view body : {"", "[]", "\"a\"", "model=q", "  "}) {
    EXPECT_EQ(sent(*prepareAt("/moderations", body)), body);
  }
}

TEST(Detected, AModelCannotHideFromTheReader) {
  for (std::string_view body :
       {R"({"model":"m","model":"q"})",
        R"({"mod\u0065l":"q"})",
        R"({"model":"q"} x)",
        R"({"model":"q")",
        "\n{\"model\":\"q\"",
        "\xEF\xBB\xBF{\"model\":\"m\",\"model\":\"q\"}"}) {
    Result<PreparedWithFacts> prepared = prepareAt("/batches", body);
    ASSERT_FALSE(prepared.has_value()) << body;
    EXPECT_EQ(prepared.error().kind(), ErrorKind::kInvalidJson) << body;
  }
}

TEST(Detected, IsReadWhereAModelIsConfiguredAndTheContentMayBeJson) {
  const auto may = [](Dialect dialect, const ProviderSettings& settings, std::string_view type) {
    http::Fields fields;
    if (!type.empty()) {
      fields.add("content-type", type);
    }
    return mayNameModel(match(dialect), settings, fields);
  };
  for (std::string_view type :
       {"",
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/x-www-form-urlencoded"}) {
    EXPECT_TRUE(may(Dialect::kDetect, withModel("m"), type)) << type;
    EXPECT_FALSE(may(Dialect::kDetect, withoutModel(), type)) << type;
    EXPECT_FALSE(may(Dialect::kPassthrough, withModel("m"), type)) << type;
  }
  EXPECT_FALSE(may(Dialect::kDetect, withModel("m"), "multipart/form-data; boundary=b"));
  EXPECT_FALSE(may(Dialect::kDetect, withModel("m"), "audio/wav"));
}

TEST(UsageRequest, IsAddedToAStreamThatDoesNotAsk) {
  std::string_view body = R"({"model":"m","stream":true})";
  Result<PreparedWithFacts> prepared = prepare(body, withoutModel(), match(Dialect::kChat));
  ASSERT_TRUE(prepared.has_value());
  EXPECT_EQ(
      sent(*prepared), R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})"
  );
  EXPECT_EQ(prepared->usage_chunk, UsageChunk::kHidden);
}

TEST(UsageRequest, TakesThePlaceOfNull) {
  EXPECT_EQ(
      sentFor(R"({"stream_options":null,"model":"m","stream":true})", withoutModel()),
      R"({"stream_options":{"include_usage":true},"model":"m","stream":true})"
  );
}

TEST(UsageRequest, IsTheClientsOwnWhereItSaysSomething) {
  for (std::string_view body :
       {R"({"model":"m","stream":true,"stream_options":{}})",
        R"({"model":"m","stream":true,"stream_options":{"include_usage":true}})",
        R"({"model":"m","stream":false})",
        R"({"model":"m","stream":"true"})",
        R"({"model":"m"})"}) {
    Result<PreparedWithFacts> prepared = prepare(body, withoutModel(), match(Dialect::kChat));
    ASSERT_TRUE(prepared.has_value());
    EXPECT_EQ(sent(*prepared), body);
    EXPECT_EQ(prepared->usage_chunk, UsageChunk::kShown);
  }
}

TEST(UsageRequest, IsForChatOnly) {
  std::string_view body = R"({"model":"m","stream":true})";
  for (Dialect dialect : {Dialect::kMessages, Dialect::kResponses, Dialect::kCompletions}) {
    EXPECT_EQ(sentFor(body, withoutModel(), dialect), body);
  }
}

TEST(MaxTokens, IsRenamedForOpenAiItself) {
  ProviderSettings openai = withModel("gpt-4o");
  openai.host = "";
  EXPECT_EQ(
      sentFor(R"({"model":"x","max_tokens" : 16})", openai),
      R"({"model":"gpt-4o","max_completion_tokens" : 16})"
  );
  EXPECT_EQ(
      sentFor(R"({"model":"x","max_tokens":1,"max_completion_tokens":2})", openai),
      R"({"model":"gpt-4o","max_tokens":1,"max_completion_tokens":2})"
  );
  EXPECT_EQ(
      sentFor(R"({"model":"x","max_tok\u0065ns":16})", openai),
      R"({"model":"gpt-4o","max_tok\u0065ns":16})"
  );
}

TEST(MaxTokens, KeepsItsNameElsewhere) {
  ProviderSettings other = withModel("o3");
  other.host = "";
  EXPECT_EQ(
      sentFor(R"({"model":"x","max_tokens":16})", other), R"({"model":"o3","max_tokens":16})"
  );
  EXPECT_EQ(
      sentFor(R"({"model":"x","max_tokens":16})", withModel("gpt-4o")),
      R"({"model":"gpt-4o","max_tokens":16})"
  );
}

TEST(UnknownPath, IsAChatByItsBody) {
  Result<PreparedWithFacts> chat =
      prepare(R"({"model":"m","messages":[]})", withoutModel(), match(Dialect::kUnknown));
  ASSERT_TRUE(chat.has_value());
  EXPECT_EQ(chat->dialect, Dialect::kChat);
  Error other = errorFor(R"({"model":"m","messages":"no"})", Dialect::kUnknown);
  EXPECT_EQ(other.kind(), ErrorKind::kUnknownPath);
  EXPECT_THAT(other.detail(), HasSubstr("/weird"));
  EXPECT_THAT(other.detail(), HasSubstr("/v1/messages"));
}

TEST(ResponsesBody, OnAChatPathIsNotServedYet) {
  EXPECT_EQ(errorFor(R"({"model":"m","input":"hi"})").kind(), ErrorKind::kNotSupported);
  EXPECT_EQ(
      sentFor(R"({"model":"m","input":"hi","messages":[]})", withoutModel()),
      R"({"model":"m","input":"hi","messages":[]})"
  );
}

TEST(Facts, AreWhatTheClientSent) {
  Result<PreparedWithFacts> prepared = prepare(
      R"({"model":"a","messages":[],"stream":true,"stream_options":{},"temperature":0.25,"top_p":1,
          "frequency_penalty":-0.5,"presence_penalty":2,"max_tokens":9,"max_completion_tokens":10,"top_k":40,
          "seed":7,"n":2,"stop":["\n","x"],"reasoning_effort":"high","service_tier":"flex",
          "prompt_cache_key":"k\u0041","metadata":{"session_id":"s1","user_id":"u"},"conversation":{"id":"conv_1"},
          "previous_response_id":"resp_1","litellm_session_id":"l1","dimensions":3,"encoding_format":"base64"})",
      withModel("b"),
      match(Dialect::kChat)
  );
  ASSERT_TRUE(prepared.has_value());
  const RequestFacts& facts = prepared->facts;
  EXPECT_EQ(facts.model_requested, ModelName{"a"});
  EXPECT_EQ(prepared->model_sent, ModelName{"b"});
  EXPECT_TRUE(facts.stream);
  EXPECT_EQ(facts.temperature, 0.25);
  EXPECT_EQ(facts.top_p, 1.0);
  EXPECT_EQ(facts.frequency_penalty, -0.5);
  EXPECT_EQ(facts.presence_penalty, 2.0);
  EXPECT_EQ(facts.max_tokens, 10);
  EXPECT_EQ(facts.top_k, 40);
  EXPECT_EQ(facts.seed, 7);
  EXPECT_EQ(facts.choice_count, 2);
  EXPECT_EQ(facts.dimension_count, 3);
  EXPECT_EQ(facts.stop_sequences, R"(["\n","x"])");
  EXPECT_EQ(facts.reasoning_level, "high");
  EXPECT_EQ(facts.service_tier, "flex");
  EXPECT_EQ(facts.encoding_format, "base64");
  EXPECT_EQ(facts.session.prompt_cache_key, "kA");
  EXPECT_EQ(facts.session.conversation, "conv_1");
  EXPECT_EQ(facts.session.previous_response_id, "resp_1");
  EXPECT_EQ(facts.session.metadata_session_id, "s1");
  EXPECT_EQ(facts.session.litellm_session_id, "l1");
  EXPECT_EQ(facts.session.metadata_user_id, "");
}

TEST(Facts, AreAbsentWhereNothingOrNonsenseWasSent) {
  Result<PreparedWithFacts> prepared = prepare(
      R"({"model":"a","temperature":"hot","max_tokens":1.5,"stop":null,"metadata":"x","conversation":[],"stream":null})",
      withoutModel(),
      match(Dialect::kChat)
  );
  ASSERT_TRUE(prepared.has_value());
  const RequestFacts& facts = prepared->facts;
  EXPECT_FALSE(facts.stream);
  EXPECT_FALSE(facts.temperature);
  EXPECT_FALSE(facts.max_tokens);
  EXPECT_EQ(facts.stop_sequences, "");
  EXPECT_EQ(facts.session.conversation, "");
}

TEST(Facts, HaveTheirNamesInEachDialect) {
  Result<PreparedWithFacts> messages = prepare(
      R"({"model":"a","max_tokens":64,"stop_sequences":["z"],"output_config":{"effort":"low"},
          "metadata":{"user_id":"user_1_session_2"}})",
      withoutModel(),
      match(Dialect::kMessages)
  );
  ASSERT_TRUE(messages.has_value());
  EXPECT_EQ(messages->facts.max_tokens, 64);
  EXPECT_EQ(messages->facts.stop_sequences, R"(["z"])");
  EXPECT_EQ(messages->facts.reasoning_level, "low");
  EXPECT_EQ(messages->facts.session.metadata_user_id, "user_1_session_2");
  Result<PreparedWithFacts> responses = prepare(
      R"({"model":"a","max_output_tokens":5,"reasoning":{"effort":"minimal"},"conversation":"conv_2"})",
      withoutModel(),
      match(Dialect::kResponses)
  );
  ASSERT_TRUE(responses.has_value());
  EXPECT_EQ(responses->facts.max_tokens, 5);
  EXPECT_EQ(responses->facts.reasoning_level, "minimal");
  EXPECT_EQ(responses->facts.session.conversation, "conv_2");
}

}  // namespace
}  // namespace gatehouse::llm
