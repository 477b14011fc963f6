#include "llm/simulate.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/passthrough.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

using testing::HasSubstr;

SimulatedReply replyTo(Dialect dialect, std::string_view body) {
  Result<SimulatedReply> reply = simulate(
      {.dialect = dialect, .body = body, .id_suffix = "01REQ", .created_seconds = 1'700'000'000}
  );
  EXPECT_TRUE(reply.has_value());
  return reply.value_or(SimulatedReply{});
}

std::string joined(const SimulatedReply& reply) {
  std::string all;
  for (const std::string& piece : reply.pieces) {
    all += piece;
  }
  return all;
}

/// The reply as the gateway itself reads it.
ReplyFacts factsOf(Dialect dialect, const SimulatedReply& reply) {
  http::ResponseHead head;
  head.fields.add("Content-Type", reply.content_type);
  ReplyReader reader({.dialect = dialect}, head);
  for (const std::string& piece : reply.pieces) {
    static_cast<void>(reader.feed(piece));
  }
  EXPECT_EQ(reader.finish(BodyEnd::kClean, "").verdict, ReplyVerdict::kComplete);
  return reader.takeFacts();
}

constexpr std::string_view kAsk =
    R"({"model":"m","messages":[{"role":"user","content":"first"},{"role":"assistant","content":"x"},
        {"role":"user","content":[{"type":"text","text":"Grüß \"dich\""},{"type":"image_url"}]},
        {"role":"tool","content":"y"}]})";

std::string streaming(std::string_view more) {
  std::string body(kAsk.substr(0, kAsk.size() - 1));
  return body + ",\"stream\":true" + std::string(more) + "}";
}

TEST(Simulation, EchoesTheLastUserMessageAndSaysWhatItIs) {
  for (Dialect dialect : {Dialect::kChat, Dialect::kMessages}) {
    SimulatedReply reply = replyTo(dialect, kAsk);
    ASSERT_EQ(reply.pieces.size(), 1U);
    EXPECT_EQ(reply.content_type, "application/json");
    EXPECT_TRUE(wire::readJson(reply.pieces[0]).has_value());
    EXPECT_THAT(reply.pieces[0], HasSubstr(R"(You said: Grüß \"dich\")"));
    EXPECT_THAT(reply.pieces[0], HasSubstr("simulated model"));
    EXPECT_THAT(reply.pieces[0], HasSubstr(R"("system_fingerprint":"gatehouse-sim")"));
    ReplyFacts facts = factsOf(dialect, reply);
    EXPECT_EQ(facts.model, "m");
    EXPECT_EQ(facts.usage.state, UsageState::kKnown);
    EXPECT_THAT(facts.response_id, HasSubstr("01REQ"));
  }
}

TEST(Simulation, StreamsAChat) {
  SimulatedReply reply =
      replyTo(Dialect::kChat, streaming(R"(,"stream_options":{"include_usage":true})"));
  EXPECT_EQ(reply.content_type, "text/event-stream");
  EXPECT_GT(reply.pieces.size(), 5U);
  EXPECT_EQ(reply.pieces.back(), "data: [DONE]\n\n");
  ReplyFacts facts = factsOf(Dialect::kChat, reply);
  EXPECT_EQ(facts.events, reply.pieces.size());
  EXPECT_EQ(facts.usage.state, UsageState::kKnown);
  ASSERT_EQ(facts.finishes.size(), 1U);
  EXPECT_EQ(facts.finishes[0].word, "stop");
}

TEST(Simulation, SendsNoUsageNobodyAskedFor) {
  for (std::string_view more :
       {"", R"(,"stream_options":{})", R"(,"stream_options":{"include_usage":false})"}) {
    EXPECT_EQ(
        factsOf(Dialect::kChat, replyTo(Dialect::kChat, streaming(more))).usage.state,
        UsageState::kUnknown
    );
  }
}

TEST(Simulation, TellsUsageInAChatStreamWhereTheGatewayWantsIt) {
  const std::string body = streaming("");
  Result<SimulatedReply> reply =
      simulate({.dialect = Dialect::kChat, .body = body, .id_suffix = "1", .tell_usage = true});
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(factsOf(Dialect::kChat, *reply).usage.state, UsageState::kKnown);
}

TEST(Simulation, StreamsMessages) {
  SimulatedReply reply = replyTo(Dialect::kMessages, streaming(""));
  EXPECT_THAT(reply.pieces.front(), HasSubstr("event: message_start\n"));
  EXPECT_EQ(reply.pieces.back(), "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
  EXPECT_THAT(joined(reply), HasSubstr("\"gatehouse-sim\""));
  ReplyFacts facts = factsOf(Dialect::kMessages, reply);
  EXPECT_EQ(facts.usage.state, UsageState::kKnown);
  EXPECT_TRUE(facts.usage.anomalies.empty());
}

constexpr std::string_view kInput =
    R"({"model":"m","instructions":"Be brief","input":[{"role":"user","content":[
        {"type":"input_text","text":"Hello there"}]},{"type":"reasoning"}])";

TEST(Simulation, AnswersAResponsesRequest) {
  SimulatedReply reply = replyTo(Dialect::kResponses, std::string(kInput) + "}");
  ReplyFacts facts = factsOf(Dialect::kResponses, reply);
  EXPECT_EQ(facts.usage.state, UsageState::kKnown);
  EXPECT_THAT(reply.pieces[0], HasSubstr(R"(You said: Hello there")"));
  EXPECT_THAT(reply.pieces[0], HasSubstr(R"("input_tokens":4,)"));
  EXPECT_THAT(reply.pieces[0], HasSubstr(R"("status":"completed")"));
  reply = replyTo(Dialect::kResponses, R"({"input":"Hi"})");
  EXPECT_THAT(reply.pieces[0], HasSubstr("You said: Hi"));
}

TEST(Simulation, StreamsAResponse) {
  for (std::string_view limit : {"", R"(,"max_output_tokens":3)"}) {
    SimulatedReply reply = replyTo(
        Dialect::kResponses, std::string(kInput) + ",\"stream\":true" + std::string(limit) + "}"
    );
    EXPECT_THAT(reply.pieces.front(), HasSubstr("event: response.created\n"));
    EXPECT_THAT(
        reply.pieces.back(),
        HasSubstr(limit.empty() ? "event: response.completed\n" : "event: response.incomplete\n")
    );
    const std::string last = std::to_string(reply.pieces.size() - 1);
    EXPECT_THAT(reply.pieces.back(), HasSubstr("\"sequence_number\":" + last + ","));
    ReplyFacts facts = factsOf(Dialect::kResponses, reply);
    EXPECT_EQ(facts.usage.state, UsageState::kKnown);
    EXPECT_EQ(facts.events, reply.pieces.size());
  }
}

TEST(Simulation, ALimitCutsBehindSoManyWords) {
  const std::string chat(kAsk.substr(0, kAsk.size() - 1));
  for (std::string_view limit :
       {R"(,"max_tokens":4})",
        R"(,"max_tokens":9,"max_completion_tokens":4})",
        R"(,"max_tokens":4e0})"}) {
    SimulatedReply reply = replyTo(Dialect::kChat, chat + std::string(limit));
    EXPECT_THAT(reply.pieces[0], HasSubstr(R"("content":"This is the simulated")"));
    EXPECT_THAT(reply.pieces[0], HasSubstr(R"("finish_reason":"length")"));
    EXPECT_THAT(reply.pieces[0], HasSubstr(R"("completion_tokens":4,)"));
  }
  SimulatedReply reply = replyTo(Dialect::kMessages, streaming(R"(,"max_tokens":4)"));
  EXPECT_THAT(joined(reply), HasSubstr(R"("stop_reason":"max_tokens")"));
  EXPECT_THAT(joined(reply), HasSubstr(R"("output_tokens":4})"));
  reply = replyTo(Dialect::kChat, streaming(R"(,"max_tokens":4)"));
  EXPECT_EQ(reply.pieces.size(), 1U + 4 + 1 + 1) << "role, words, finish, end";
}

TEST(Simulation, ATokenIsAWord) {
  SimulatedReply reply = replyTo(
      Dialect::kMessagesCount,
      R"({"system":[{"type":"text","text":"a b"}],"messages":[{"role":"user","content":" one\ntwo  three "}]})"
  );
  EXPECT_EQ(reply.pieces[0], R"({"input_tokens":5})");
  std::string body = R"({"messages":[{"role":"user","content":")";
  for (int i = 0; i < 20'000; ++i) {
    body += "w ";
  }
  reply = replyTo(Dialect::kChat, body + "\"}]}");
  EXPECT_THAT(reply.pieces[0], HasSubstr(R"("completion_tokens":16384,)")) << "the most there is";
  EXPECT_THAT(reply.pieces[0], HasSubstr(R"("finish_reason":"length")"));
}

TEST(Simulation, EmbedsEqualTextsEqually) {
  SimulatedReply reply = replyTo(
      Dialect::kEmbeddings, R"({"model":"e","dimensions":2,"input":["a b","a b",[1,2,3]]})"
  );
  wire::Parsed<wire::Value> json = wire::readJson(reply.pieces[0]);
  ASSERT_TRUE(json.has_value()) << reply.pieces[0];
  const wire::Array& data = *json->find("data")->array();
  ASSERT_EQ(data.size(), 3U);
  const std::string first = wire::writeJson(*data[0].find("embedding"));
  EXPECT_EQ(first, wire::writeJson(*data[1].find("embedding")));
  EXPECT_NE(first, wire::writeJson(*data[2].find("embedding")));
  EXPECT_EQ(data[0].find("embedding")->array()->size(), 2U);
  ReplyFacts facts = factsOf(Dialect::kEmbeddings, reply);
  EXPECT_EQ(facts.model, "e");
  EXPECT_THAT(reply.pieces[0], HasSubstr(R"("prompt_tokens":7,)"));
  reply =
      replyTo(Dialect::kEmbeddings, R"({"input":"a","dimensions":3,"encoding_format":"base64"})");
  EXPECT_THAT(reply.pieces[0], HasSubstr(R"("embedding":")"));
}

TEST(Simulation, AnswersARequestWithoutAUserMessage) {
  SimulatedReply reply = replyTo(Dialect::kChat, R"({"messages":[]})");
  EXPECT_EQ(factsOf(Dialect::kChat, reply).model, kSimulatedModel);
}

/// What is wrong with a request.
std::string wrongWith(Dialect dialect, std::string_view body) {
  Result<SimulatedReply> reply = simulate({.dialect = dialect, .body = body, .id_suffix = ""});
  if (reply) {
    return "nothing";
  }
  EXPECT_EQ(reply.error().kind(), ErrorKind::kBadRequest);
  return reply.error().detail();
}

TEST(Simulation, SaysWhatIsWrongWithARequest) {
  constexpr Dialect kChat = Dialect::kChat;
  EXPECT_EQ(
      wrongWith(kChat, "{}"),
      "the request has no messages; send a list of messages, such as "
      R"([{"role": "user", "content": "Hello!"}])"
  );
  EXPECT_EQ(
      wrongWith(kChat, R"({"messages":"Hi"})"),
      "messages is \"Hi\"; it must be a list of messages, such as "
      R"([{"role": "user", "content": "Hello!"}])"
  );
  EXPECT_EQ(
      wrongWith(kChat, R"({"messages":["Hi"]})"),
      R"(messages[0] is "Hi"; it must be an object with "role" and "content")"
  );
  EXPECT_EQ(
      wrongWith(kChat, R"({"messages":[{"content":"Hi"}]})"),
      R"(the request has no messages[0].role; send "user", "assistant" or another role)"
  );
  EXPECT_EQ(
      wrongWith(kChat, R"({"messages":[{"role":"user","content":7}]})"),
      "messages[0].content is 7; it must be a text or a list of parts"
  );
  EXPECT_EQ(
      wrongWith(kChat, R"({"messages":[],"stream":"yes"})"),
      R"(stream is "yes"; it must be true or false)"
  );
  EXPECT_EQ(
      wrongWith(kChat, R"({"messages":[],"max_tokens":0})"),
      "max_tokens is 0; it must be a whole number from 1"
  );
  EXPECT_EQ(
      wrongWith(kChat, R"({"messages":[],"n":3})"),
      "n is 3; it must be 1: the simulated model gives one answer"
  );
  EXPECT_EQ(
      wrongWith(Dialect::kResponses, "{}"),
      "the request has no input; send a text or a list of items"
  );
  EXPECT_EQ(
      wrongWith(Dialect::kEmbeddings, R"({"input":["a",""]})"),
      R"(input[1] is ""; it must be a text that is not empty, or a list of token numbers)"
  );
  EXPECT_EQ(
      wrongWith(Dialect::kEmbeddings, R"({"input":[]})"),
      "input has 0 entries; it must have 1 to 2048"
  );
  EXPECT_EQ(
      wrongWith(Dialect::kEmbeddings, R"({"input":"a","dimensions":2000})"),
      "dimensions is 2000; it must be a whole number from 1 to 1536"
  );
  EXPECT_EQ(
      wrongWith(kChat, R"({"messages":[],"stream":null,"max_tokens":null,"n":1})"), "nothing"
  );
}

TEST(Simulation, ALittleRequestMakesNoHugeReply) {
  const std::string model(300, 'm');
  EXPECT_EQ(
      wrongWith(Dialect::kChat, R"({"messages":[],"model":")" + model + "\"}"),
      "model is longer than 256 bytes"
  );
  std::string inputs = "\"a\"";
  for (int i = 1; i < 400; ++i) {
    inputs += ",\"a\"";
  }
  EXPECT_THAT(
      wrongWith(Dialect::kEmbeddings, R"({"dimensions":1536,"input":[)" + inputs + "]}"),
      HasSubstr("400 inputs of 1536 dimensions are more than")
  );
}

TEST(Simulation, RefusesWhatItCannotRead) {
  for (std::string_view body : {"{", "[]", "\"text\""}) {
    EXPECT_EQ(
        simulate({.dialect = Dialect::kChat, .body = body, .id_suffix = ""}).error().kind(),
        ErrorKind::kInvalidJson
    );
  }
  EXPECT_EQ(
      simulate({.dialect = Dialect::kRerank, .body = kAsk, .id_suffix = ""}).error().kind(),
      ErrorKind::kNotSupported
  );
}

}  // namespace
}  // namespace gatehouse::llm
