#include "llm/simulate.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/passthrough.h"
#include "wire/json_read.h"

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

TEST(Simulation, StreamsMessages) {
  SimulatedReply reply = replyTo(Dialect::kMessages, streaming(""));
  EXPECT_THAT(reply.pieces.front(), HasSubstr("event: message_start\n"));
  EXPECT_EQ(reply.pieces.back(), "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n");
  EXPECT_THAT(joined(reply), HasSubstr("\"gatehouse-sim\""));
  ReplyFacts facts = factsOf(Dialect::kMessages, reply);
  EXPECT_EQ(facts.usage.state, UsageState::kKnown);
  EXPECT_TRUE(facts.usage.anomalies.empty());
}

TEST(Simulation, AnswersARequestWithoutAUserMessage) {
  SimulatedReply reply = replyTo(Dialect::kChat, R"({"messages":[]})");
  EXPECT_EQ(factsOf(Dialect::kChat, reply).model, kSimulatedModel);
}

TEST(Simulation, RefusesWhatItCannotAnswer) {
  EXPECT_EQ(
      simulate({.dialect = Dialect::kChat, .body = "{", .id_suffix = ""}).error().kind(),
      ErrorKind::kInvalidJson
  );
  EXPECT_EQ(
      simulate({.dialect = Dialect::kChat, .body = "{}", .id_suffix = ""}).error().kind(),
      ErrorKind::kInvalidJson
  );
  EXPECT_EQ(
      simulate({.dialect = Dialect::kEmbeddings, .body = kAsk, .id_suffix = ""}).error().kind(),
      ErrorKind::kNotSupported
  );
}

}  // namespace
}  // namespace gatehouse::llm
