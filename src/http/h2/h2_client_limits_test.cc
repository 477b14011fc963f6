// What an upstream may do to an HTTP/2 connection and to the requests on it, and how they end.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/h2/h2_client.h"
#include "http/h2/h2_client_for_test.h"

namespace gatehouse::http {
namespace {

class H2ClientLimitsTest : public testing::Test, protected H2ClientScene {
 protected:
  explicit H2ClientLimitsTest(ClientLimits limits = {}) : H2ClientScene(limits) {}

  static const Error& errorOf(Asked& asked) { return asked.response().error(); }
};

struct H2ClientTimesTest : H2ClientLimitsTest {
  H2ClientTimesTest()
      : H2ClientLimitsTest(
            {.head_timeout = Seconds(5), .idle_timeout = Seconds(20), .write_timeout = Seconds(7)}
        ) {}
};

constexpr std::uint32_t kRefused = 7;

TEST_F(H2ClientLimitsTest, ARefusedRequestMayBeSentAgain) {
  greet();
  auto first = get();
  auto refused = ask(post({"body"}));
  upstream->reset(3, kRefused);
  loop.settle();
  ASSERT_TRUE(refused->done());
  EXPECT_EQ(errorOf(*refused).kind(), ErrorKind::kUpstreamClosed);
  EXPECT_EQ(errorOf(*refused).retry(), Retry::kYes);
  refused = nullptr;
  // It takes as many as it had, and no more.
  EXPECT_EQ(client->most(), 1U);
  EXPECT_FALSE(client->hasRoom());
  answer(1, "ok");
  EXPECT_EQ(*first->rest(), "ok");
}

TEST_F(H2ClientLimitsTest, WhoRefusesTheOnlyRequestIsAskedOneAtATime) {
  greet();
  auto refused = get();
  upstream->reset(1, kRefused);
  loop.settle();
  ASSERT_TRUE(refused->done());
  refused = nullptr;
  EXPECT_TRUE(client->hasRoom());
  auto next = get();
  EXPECT_FALSE(client->hasRoom());
  loop.wait(Millis(1100));
  EXPECT_TRUE(client->hasRoom()) << "and for a while only";
}

TEST_F(H2ClientLimitsTest, AStreamedBodyBeginsOnceMore) {
  greet();
  auto paused = std::make_unique<PausedBody>(loop.reactor);
  PausedBody& body = *paused;
  auto untouched = ask(post(std::make_unique<PausedBody>(loop.reactor)));
  auto begun = ask(post(std::move(paused)));
  auto whole = ask(
      post(std::make_unique<ScriptedBody>(std::vector<std::string>{"ab", "cd"}, std::optional(4)))
  );
  body.give("ab");
  loop.settle();
  for (std::uint32_t stream : {1U, 3U, 5U}) {
    upstream->reset(stream, kRefused);
  }
  loop.settle();
  EXPECT_EQ(errorOf(*untouched).retry(), Retry::kYes);
  EXPECT_EQ(errorOf(*begun).retry(), Retry::kYes);
  EXPECT_EQ(errorOf(*whole).retry(), Retry::kYes);
  // As whoever sends it again sees it.
  BodySource& again = *begun->request().stream.source();
  Running<Result<std::string>> first(loop, readPiece(&again));
  EXPECT_EQ(first.result().value_or("an error"), "ab");
  Running<Result<std::string>> rest(loop, readAll(&again));
  EXPECT_FALSE(rest.done());
  body.end();
  body.give("cd");
  loop.settle();
  EXPECT_EQ(rest.result().value_or("an error"), "cd");
  Running<Result<std::string>> all(loop, readAll(whole->request().stream.source()));
  EXPECT_EQ(all.result().value_or("an error"), "abcd");
  EXPECT_EQ(whole->request().stream.length(), 4U);
}

TEST_F(H2ClientLimitsTest, ABodyThatIsLongGoneDoesNot) {
  greet();
  auto asked =
      ask(post(std::make_unique<ScriptedBody>(std::vector<std::string>{std::string(70'000, 'a')})));
  upstream->reset(1, kRefused);
  loop.settle();
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kUpstreamClosed);
  EXPECT_EQ(errorOf(*asked).retry(), Retry::kNever);
}

TEST_F(H2ClientLimitsTest, AfterGoawayWhatItWillAnswerIsWaitedFor) {
  greet();
  auto first = get();
  auto second = get();
  goaway(1);
  EXPECT_FALSE(client->hasRoom());
  EXPECT_TRUE(client->over());
  ASSERT_TRUE(second->done());
  EXPECT_EQ(errorOf(*second).retry(), Retry::kYes);
  EXPECT_FALSE(first->done());
  answer(1, "ok");
  EXPECT_EQ(*first->rest(), "ok");
  first = nullptr;
  second = nullptr;
  loop.settle();
  EXPECT_TRUE(upstream->ended());
}

TEST_F(H2ClientLimitsTest, AConnectionThatIsLostTakesItsRequestsAlong) {
  greet();
  auto first = get();
  auto waits = ask(post({"x"}));
  auto reads = get();
  upstream->headers(5, responseFields());
  upstream->data(5, "begin");
  loop.settle();
  EXPECT_EQ(reads->pull(), "begin");
  Running<Result<Piece>> pulling(loop, reads->body()->pull());
  upstream->close();
  loop.settle();
  ASSERT_TRUE(waits->done());
  EXPECT_EQ(errorOf(*waits).kind(), ErrorKind::kUpstreamClosed);
  // The upstream has been heard since: it was there, and may have acted.
  EXPECT_EQ(errorOf(*waits).retry(), Retry::kNever);
  ASSERT_TRUE(pulling.done());
  EXPECT_EQ(pulling.result().error().kind(), ErrorKind::kUpstreamClosed);
  EXPECT_TRUE(client->over());
}

TEST_F(H2ClientLimitsTest, AConnectionThatWasGoneAlreadyIsStale) {
  greet();
  auto first = get();
  answer(1, "ok");
  EXPECT_EQ(*first->rest(), "ok");
  first = nullptr;
  upstream->close();
  auto second = ask(post({"x"}));
  loop.settle();
  ASSERT_TRUE(second->done());
  EXPECT_EQ(errorOf(*second).kind(), ErrorKind::kUpstreamClosed);
  EXPECT_NE(errorOf(*second).retry(), Retry::kNever);
}

TEST_F(H2ClientLimitsTest, AResetOfAnotherKindIsNoRefusal) {
  greet();
  auto asked = get();
  upstream->reset(1, 2);
  loop.settle();
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kUpstreamClosed);
  EXPECT_EQ(errorOf(*asked).retry(), Retry::kNever);
  EXPECT_NE(errorOf(*asked).detail().find("INTERNAL_ERROR"), std::string::npos);
  EXPECT_FALSE(client->over());
}

TEST_F(H2ClientLimitsTest, WhatCameBeforeAResetIsGiven) {
  greet();
  auto asked = get();
  upstream->headers(1, responseFields());
  upstream->data(1, "begin");
  upstream->reset(1, 2);
  loop.settle();
  EXPECT_EQ(asked->pull(), "begin");
  EXPECT_EQ(asked->pull(), "an error");
}

TEST_F(H2ClientLimitsTest, AnEarlyRefusalEndsTheUpload) {
  greet();
  auto paused = std::make_unique<PausedBody>(loop.reactor);
  PausedBody& body = *paused;
  auto asked = ask(post(std::move(paused)));
  body.give("ab");
  loop.settle();
  answer(1, "no", {{"content-length", "2"}});
  // A yes whose end waits for the upload.
  ASSERT_EQ(asked->status(), 200);
  EXPECT_TRUE(asked->request().goes_on);
  EXPECT_EQ(asked->pull(), "nothing");
  auto other = ask(post(std::make_unique<PausedBody>(loop.reactor)));
  upstream->headers(3, responseFields("413", {{"content-length", "2"}}));
  upstream->data(3, "no", kEndStream);
  loop.settle();
  ASSERT_EQ(other->status(), 413);
  EXPECT_FALSE(other->request().goes_on);
  EXPECT_EQ(*other->rest(), "no");
  other = nullptr;
  loop.settle();
  EXPECT_EQ(upstream->stream(3).reset, 8U);
  EXPECT_FALSE(client->over());
}

TEST_F(H2ClientLimitsTest, AnAnswerAndTheRestOfTheRequestGoSideBySide) {
  greet();
  auto paused = std::make_unique<PausedBody>(loop.reactor);
  PausedBody& body = *paused;
  auto asked = ask(post(std::move(paused)));
  upstream->headers(1, responseFields());
  upstream->data(1, "one");
  loop.settle();
  EXPECT_EQ(asked->pull(), "one");
  body.give("ab");
  loop.settle();
  EXPECT_EQ(upstream->stream(1).content, "ab");
  upstream->data(1, "two", kEndStream);
  loop.settle();
  EXPECT_EQ(asked->pull(), "two");
  Running<Result<std::string>> end(loop, readAll(asked->body()));
  EXPECT_FALSE(end.done());
  body.end();
  body.give("cd");
  loop.settle();
  EXPECT_EQ(upstream->stream(1).content, "abcd");
  EXPECT_TRUE(upstream->stream(1).ended);
  ASSERT_TRUE(end.done());
  EXPECT_EQ(end.result().value_or("an error"), "");
}

TEST_F(H2ClientLimitsTest, SlicesGoOnBehindAnAnswerAndOutliveTheirRequest) {
  greet();
  auto asked = ask(post({std::string(60'000, 'a'), std::string(30'000, 'b')}));
  upstream->headers(1, responseFields());
  upstream->data(1, "one");
  loop.settle();
  ASSERT_EQ(asked->status(), 200);
  EXPECT_TRUE(asked->request().goes_on);
  asked->request() = {};
  EXPECT_EQ(asked->pull(), "one");
  upstream->widen(0, 100'000);
  upstream->widen(1, 100'000);
  upstream->data(1, "", kEndStream);
  loop.settle();
  EXPECT_EQ(upstream->stream(1).content.size(), 90'000U);
  EXPECT_EQ(*asked->rest(), "");
}

TEST_F(H2ClientLimitsTest, AnUploadThatFailsBesideTheAnswerFailsIt) {
  greet();
  auto paused = std::make_unique<PausedBody>(loop.reactor);
  PausedBody& body = *paused;
  auto asked = ask(post(std::move(paused)));
  upstream->headers(1, responseFields());
  loop.settle();
  ASSERT_EQ(asked->status(), 200);
  body.breakOff();
  loop.settle();
  EXPECT_EQ(asked->rest().error().kind(), ErrorKind::kPeerClosed);
}

TEST_F(H2ClientLimitsTest, AnUpstreamThatWantsNoMoreOfARequestChangesNothing) {
  greet();
  auto asked = ask(post(std::make_unique<PausedBody>(loop.reactor)));
  upstream->headers(1, responseFields("200", {{"content-length", "2"}}));
  upstream->data(1, "ok", kEndStream);
  upstream->reset(1, 0);
  loop.settle();
  EXPECT_EQ(*asked->rest(), "ok");
}

TEST_F(H2ClientLimitsTest, MalformedResponsesEndTheirStream) {
  const std::vector<FieldList> heads = {
      {},
      {{"content-type", "x"}},
      {{":status", "20"}},
      {{":status", "101"}},
      {{":status", "999"}},
      {{":status", "200"}, {":status", "200"}},
      {{":status", "200"}, {":path", "/"}},
      {{"a", "b"}, {":status", "200"}},
      {{":status", "200"}, {"Upper", "b"}},
      {{":status", "200"}, {"a", "b\nc"}},
      {{":status", "200"}, {"connection", "close"}},
      {{":status", "200"}, {"transfer-encoding", "chunked"}},
      {{":status", "200"}, {"content-length", "x"}},
      {{":status", "200"}, {"content-length", "1"}, {"content-length", "1"}},
  };
  greet();
  std::uint32_t stream = 1;
  for (const FieldList& head : heads) {
    auto asked = get();
    upstream->headers(stream, head);
    loop.settle();
    ASSERT_TRUE(asked->done());
    ASSERT_FALSE(asked->response().has_value());
    EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kUpstreamInvalid);
    EXPECT_EQ(upstream->stream(stream).reset, 1U);
    stream += 2;
  }
  EXPECT_FALSE(client->over());
}

TEST_F(H2ClientLimitsTest, AFieldSectionOverItsLimitEndsItsStream) {
  greet();
  auto asked = get();
  upstream->send(
      {.type = FrameType::kHeaders,
       .flags = 0,
       .stream = 1,
       .payload = packed(responseFields("200", {{"a", std::string(16'000, 'x')}}))}
  );
  for (int i = 0; i < 4; ++i) {
    upstream->send(
        {.type = FrameType::kContinuation,
         .flags = static_cast<std::uint8_t>(i == 3 ? kEndHeaders : 0),
         .stream = 1,
         .payload = packed({{"b", std::string(16'000, 'x')}})}
    );
  }
  loop.settle();
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kUpstreamInvalid);
  EXPECT_FALSE(client->over());
}

TEST_F(H2ClientLimitsTest, ContentThatDoesNotFitIsMalformed) {
  greet();
  struct Case {
    FieldList head;
    std::string content;
    bool ends;
  };
  const std::vector<Case> cases = {
      {responseFields("200", {{"content-length", "2"}}), "abc", false},
      {responseFields("200", {{"content-length", "2"}}), "a", true},
      {responseFields("204"), "a", true},
      {responseFields("304", {{"content-length", "1"}}), "a", true},
  };
  std::uint32_t stream = 1;
  for (const Case& each : cases) {
    auto asked = get();
    upstream->headers(stream, each.head);
    upstream->data(stream, each.content, each.ends ? kEndStream : 0);
    loop.settle();
    ASSERT_TRUE(asked->done());
    Result<std::string> rest = asked->response() ? asked->rest() : "";
    EXPECT_FALSE(rest.has_value() && asked->response().has_value());
    EXPECT_EQ(upstream->stream(stream).reset, 1U);
    stream += 2;
  }
  auto asked = get();
  upstream->data(stream, "before its head");
  loop.settle();
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kUpstreamInvalid);
}

TEST_F(H2ClientLimitsTest, AStreamThatEndsBeforeItsHeadIsMalformed) {
  greet();
  for (std::uint32_t stream : {1U, 3U}) {
    auto asked = stream == 1 ? get() : ask(post(std::make_unique<PausedBody>(loop.reactor)));
    upstream->headers(stream, {{":status", "103"}});
    upstream->data(stream, "", kEndStream);
    loop.settle();
    ASSERT_TRUE(asked->done());
    EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kUpstreamInvalid) << errorOf(*asked).chain();
  }
}

TEST_F(H2ClientLimitsTest, InterimResponsesWithoutEndAreGivenUp) {
  greet();
  auto asked = get();
  for (int i = 0; i < 17; ++i) {
    upstream->headers(1, responseFields("103"));
    loop.settle();
  }
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kUpstreamInvalid);
}

TEST_F(H2ClientLimitsTest, AnUpstreamThatSpeaksSomethingElseIsToldApart) {
  auto asked = get();
  upstream->send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  loop.settle();
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kUpstreamInvalid);
}

TEST_F(H2ClientLimitsTest, AnUpstreamThatSaysNothingIsGivenUp) {
  auto asked = get();
  loop.wait(Seconds(11));
  ASSERT_TRUE(asked->done());
  EXPECT_NE(errorOf(*asked).detail().find("h2_settings_timeout"), std::string::npos);
  EXPECT_TRUE(client->over());
}

TEST_F(H2ClientLimitsTest, TheConnectionIsSaidGoodbyeTo) {
  greet();
  client = nullptr;
  loop.settle();
  EXPECT_EQ(upstream->goaways().size(), 1U);
  EXPECT_TRUE(upstream->ended());
}

TEST_F(H2ClientTimesTest, AnAnswerHasItsTime) {
  greet();
  auto asked = get();
  loop.wait(Seconds(4));
  EXPECT_FALSE(asked->done());
  loop.wait(Seconds(2));
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(errorOf(*asked).kind(), ErrorKind::kTimeout);
}

TEST_F(H2ClientTimesTest, ABodyThatPausesForTooLongIsGivenUp) {
  greet();
  auto asked = get();
  upstream->headers(1, responseFields());
  loop.settle();
  Running<Result<Piece>> pulling(loop, asked->body()->pull());
  loop.wait(Seconds(21));
  ASSERT_TRUE(pulling.done());
  EXPECT_EQ(pulling.result().error().kind(), ErrorKind::kTimeout);
}

TEST_F(H2ClientTimesTest, AnUpstreamThatTakesNoMoreOfARequestIsGivenUp) {
  greet();
  auto slices = ask(post({std::string(90'000, 'a')}));
  auto streamed =
      ask(post(std::make_unique<ScriptedBody>(std::vector<std::string>{std::string(90'000, 'b')})));
  EXPECT_FALSE(slices->done());
  loop.wait(Seconds(8));
  loop.wait(Seconds(8));
  ASSERT_TRUE(slices->done());
  EXPECT_EQ(errorOf(*slices).kind(), ErrorKind::kTimeout);
  ASSERT_TRUE(streamed->done());
  EXPECT_EQ(errorOf(*streamed).kind(), ErrorKind::kTimeout);
  EXPECT_EQ(errorOf(*streamed).origin(), Origin::kUpstream);
}

}  // namespace
}  // namespace gatehouse::http
