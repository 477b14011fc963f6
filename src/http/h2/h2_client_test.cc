#include "http/h2/h2_client.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/h2/h2_client_for_test.h"

namespace gatehouse::http {
namespace {

class H2ClientTest : public testing::Test, protected H2ClientScene {
 protected:
  explicit H2ClientTest(ClientLimits limits = {}) : H2ClientScene(limits) {}
};

TEST_F(H2ClientTest, ARequestAndItsResponse) {
  ClientRequest request = ClientScene::get();
  request.head.target = "/a?b=c";
  request.head.authority = "up:81";
  request.head.fields.add("Accept", "x");
  request.te_trailers = true;
  request.head.fields.add("Connection", "close");
  auto asked = ask(std::move(request));
  greet();
  const SeenStream& seen = upstream->stream(1);
  ASSERT_EQ(seen.heads.size(), 1U);
  EXPECT_EQ(seen.field(":method"), "GET");
  EXPECT_EQ(seen.field(":scheme"), "http");
  EXPECT_EQ(seen.field(":authority"), "up:81");
  EXPECT_EQ(seen.field(":path"), "/a?b=c");
  EXPECT_EQ(seen.field("accept"), "x");
  EXPECT_EQ(seen.field("te"), "trailers");
  EXPECT_EQ(seen.field("connection"), "(none)");
  EXPECT_EQ(seen.field("content-length"), "(none)");
  EXPECT_TRUE(seen.ended);
  EXPECT_TRUE(asked->request().sent.has_value());
  EXPECT_FALSE(asked->done());
  answer(1, "hello", {{"content-length", "5"}, {"x-kept", "yes"}});
  ASSERT_EQ(asked->status(), 200);
  EXPECT_EQ(asked->response()->head.version, Version::kHttp2);
  EXPECT_EQ(asked->response()->head.fields.get("x-kept"), "yes");
  EXPECT_EQ(asked->body()->length(), 5U);
  EXPECT_TRUE(asked->body()->ready());
  EXPECT_EQ(*asked->rest(), "hello");
  EXPECT_FALSE(asked->connection().reusable());
  asked = nullptr;
  EXPECT_EQ(upstream->stream(1).reset, std::nullopt);
  EXPECT_EQ(client->requests(), 0U);
  EXPECT_FALSE(client->over());
}

// As whoever has just connected.
io::Task<Result<ClientResponse>> connectAndSend(
    TestLoop& loop,
    std::unique_ptr<io::Stream> stream,
    H2ClientEvents& events,
    ClientRequest& request
) {
  auto client = clientHttp2(loop.reactor, std::move(stream), {}, events);
  auto call = client->begin();
  co_return co_await call->send(request);
}

TEST_F(H2ClientTest, TheFirstRequestLeavesWithThePreface) {
  auto [stream, other] = loop.connect();
  CountingStream::Counts counts;
  auto counting = std::make_unique<CountingStream>(std::move(stream), counts);
  ClientRequest request = post({"ab", "cd"});
  Running<Result<ClientResponse>> sending(
      loop, connectAndSend(loop, std::move(counting), changes, request)
  );
  EXPECT_EQ(counts.writes, 1);
}

TEST_F(H2ClientTest, UntilTheUpstreamHasSpokenOneRequestMayBegin) {
  EXPECT_TRUE(client->hasRoom());
  auto first = get();
  EXPECT_FALSE(client->hasRoom());
  EXPECT_EQ(client->most(), 0U);
  int before = changes.count;
  greet(takesAtOnce(3));
  EXPECT_GT(changes.count, before);
  EXPECT_EQ(client->most(), 3U);
  auto second = get();
  auto third = get();
  EXPECT_FALSE(client->hasRoom());
  EXPECT_FALSE(first->connection().reused());
  EXPECT_TRUE(third->connection().reused());
  second = nullptr;
  EXPECT_TRUE(client->hasRoom());
}

TEST_F(H2ClientTest, ResponsesComeInAnyOrder) {
  greet();
  std::vector<std::unique_ptr<Asked>> asked;
  for (int i = 0; i < 3; ++i) {
    asked.push_back(get());
  }
  for (std::uint32_t stream : {5U, 1U, 3U}) {
    answer(stream, std::to_string(stream));
    EXPECT_EQ(*asked[stream / 2]->rest(), std::to_string(stream));
  }
}

TEST_F(H2ClientTest, SlicesAreOneBodyWithItsLength) {
  greet();
  auto asked = ask(post({"", "ab", "", "cd", ""}));
  const SeenStream& seen = upstream->stream(1);
  EXPECT_EQ(seen.field("content-length"), "4");
  EXPECT_EQ(seen.content, "abcd");
  EXPECT_TRUE(seen.ended);
  EXPECT_TRUE(asked->request().sent.has_value());
}

TEST_F(H2ClientTest, AMethodThatUsuallyHasABodySaysThatItHasNone) {
  greet();
  auto asked = ask(ClientScene::post());
  EXPECT_EQ(upstream->stream(1).field("content-length"), "0");
  EXPECT_TRUE(upstream->stream(1).ended);
}

TEST_F(H2ClientTest, SlicesWaitForTheWindow) {
  greet();
  auto asked = ask(post({std::string(60'000, 'a'), std::string(30'000, 'b')}));
  EXPECT_EQ(upstream->stream(1).content.size(), 65'535U);
  EXPECT_FALSE(asked->request().sent.has_value());
  upstream->widen(0, 100'000);
  upstream->widen(1, 10'000);
  loop.settle();
  EXPECT_EQ(upstream->stream(1).content.size(), 75'535U);
  upstream->widen(1, 100'000);
  loop.settle();
  EXPECT_EQ(upstream->stream(1).content.size(), 90'000U);
  EXPECT_TRUE(upstream->stream(1).ended);
  EXPECT_TRUE(asked->request().sent.has_value());
  answer(1, "ok");
  EXPECT_EQ(*asked->rest(), "ok");
}

TEST_F(H2ClientTest, AStreamedBodyIsSentAsItComes) {
  greet();
  auto paused = std::make_unique<PausedBody>(loop.reactor);
  PausedBody& body = *paused;
  auto asked = ask(post(std::move(paused)));
  EXPECT_EQ(upstream->stream(1).field("content-length"), "(none)");
  EXPECT_EQ(upstream->stream(1).content, "");
  body.give("ab");
  loop.settle();
  EXPECT_EQ(upstream->stream(1).content, "ab");
  EXPECT_FALSE(asked->request().sent.has_value());
  body.end();
  body.give("cd");
  loop.settle();
  EXPECT_EQ(upstream->stream(1).content, "abcd");
  EXPECT_TRUE(upstream->stream(1).ended);
  EXPECT_TRUE(asked->request().sent.has_value());
  answer(1, "ok");
  EXPECT_EQ(*asked->rest(), "ok");
}

TEST_F(H2ClientTest, AStreamedBodyOfKnownLengthSaysIt) {
  greet();
  auto asked = ask(
      post(std::make_unique<ScriptedBody>(std::vector<std::string>{"ab", "cd"}, std::optional(4)))
  );
  EXPECT_EQ(upstream->stream(1).field("content-length"), "4");
  EXPECT_EQ(upstream->stream(1).content, "abcd");
  EXPECT_TRUE(upstream->stream(1).ended);
}

TEST_F(H2ClientTest, ABodyOfAnotherLengthThanItSaysIsNotSentToItsEnd) {
  greet();
  auto asked =
      ask(post(std::make_unique<ScriptedBody>(std::vector<std::string>{"ab"}, std::optional(4))));
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(asked->response().error().kind(), ErrorKind::kInternal);
  asked = nullptr;
  loop.settle();
  EXPECT_FALSE(upstream->stream(1).ended);
  EXPECT_EQ(upstream->stream(1).reset, 8U);
}

TEST_F(H2ClientTest, ABodyThatBreaksOffEndsItsStreamAndNothingElse) {
  greet();
  auto body = std::make_unique<ScriptedBody>(std::vector<std::string>{"ab"});
  body->breaksOff();
  auto other = get();
  auto asked = ask(post(std::move(body)));
  ASSERT_TRUE(asked->done());
  EXPECT_EQ(asked->response().error().kind(), ErrorKind::kPeerClosed);
  EXPECT_EQ(asked->response().error().origin(), Origin::kDownstream);
  asked = nullptr;
  loop.settle();
  EXPECT_EQ(upstream->stream(3).reset, 8U);
  answer(1, "ok");
  EXPECT_EQ(*other->rest(), "ok");
}

TEST_F(H2ClientTest, TrailersGoBothWays) {
  class WithTrailers final : public BodySource {
   public:
    explicit WithTrailers(Fields trailers) : trailers_(std::move(trailers)) {}
    io::Task<Result<Piece>> pull() override { co_return Piece{"ab", true}; }
    const Fields* trailers() const override { return &trailers_; }

   private:
    Fields trailers_;
  };
  greet();
  Fields trailers;
  trailers.add("X-Sum", "7");
  auto asked = ask(post(std::make_unique<WithTrailers>(std::move(trailers))));
  const SeenStream& seen = upstream->stream(1);
  EXPECT_TRUE(seen.ended);
  ASSERT_EQ(seen.heads.size(), 2U);
  EXPECT_EQ(seen.field("x-sum", 1), "7");
  upstream->headers(1, responseFields());
  upstream->data(1, "ok");
  upstream->headers(1, {{"grpc-status", "0"}}, kEndStream);
  loop.settle();
  EXPECT_EQ(*asked->rest(), "ok");
  ASSERT_NE(asked->body()->trailers(), nullptr);
  EXPECT_EQ(asked->body()->trailers()->get("grpc-status"), "0");
}

TEST_F(H2ClientTest, InterimResponsesArePassedOver) {
  greet();
  auto asked = get();
  upstream->headers(1, responseFields("103", {{"link", "a"}}));
  loop.settle();
  EXPECT_FALSE(asked->done());
  upstream->headers(1, responseFields("204"), kEndStream);
  loop.settle();
  EXPECT_EQ(asked->status(), 204);
  EXPECT_TRUE(asked->response()->body.empty());
  EXPECT_FALSE(asked->response()->head.fields.has("link"));
}

TEST_F(H2ClientTest, WhoWantsToKnowHearsOfEarlyHints) {
  class Hints final : public InterimListener {
   public:
    void onInterim(ResponseHead head) override {
      links.emplace_back(head.fields.get("link").value_or("(none)"));
    }
    std::vector<std::string> links;
  };
  greet();
  Hints hints;
  ClientRequest request = ClientScene::get();
  request.interim = &hints;
  auto asked = ask(std::move(request));
  upstream->headers(1, responseFields("103", {{"link", "a"}}));
  upstream->headers(1, responseFields("102", {{"link", "b"}}));
  loop.settle();
  EXPECT_EQ(hints.links, std::vector<std::string>{"a"});
  EXPECT_FALSE(asked->done());
  answer(1, "ok");
  EXPECT_EQ(*asked->rest(), "ok");
}

TEST_F(H2ClientTest, TheAnswerToHeadHasALengthAndNoBody) {
  greet();
  ClientRequest request = ClientScene::get();
  request.head.method = Method::kHead;
  auto asked = ask(std::move(request));
  upstream->headers(1, responseFields("200", {{"content-length", "7"}}), kEndStream);
  loop.settle();
  ASSERT_EQ(asked->status(), 200);
  EXPECT_TRUE(asked->response()->body.empty());
  EXPECT_EQ(asked->response()->head.fields.get("content-length"), "7");
}

TEST_F(H2ClientTest, WhoGoesAwayResetsItsStreamAndTheConnectionStays) {
  greet();
  auto waits = get();
  auto reads = get();
  auto stays = get();
  upstream->headers(3, responseFields());
  upstream->data(3, "begin");
  loop.settle();
  EXPECT_EQ(reads->pull(), "begin");
  waits = nullptr;
  reads = nullptr;
  loop.settle();
  EXPECT_EQ(upstream->stream(1).reset, 8U);
  EXPECT_EQ(upstream->stream(3).reset, 8U);
  upstream->data(3, "too late");
  answer(5, "ok");
  EXPECT_EQ(*stays->rest(), "ok");
  EXPECT_FALSE(client->over());
}

TEST_F(H2ClientTest, ASlowReaderHoldsBackItsOwnStream) {
  greet();
  auto slow = get();
  auto fast = get();
  upstream->headers(1, responseFields());
  const std::string part(16'384, 'x');
  for (int i = 0; i < 16; ++i) {
    upstream->data(1, part);
    loop.settle();
  }
  // The connection's window is not what it waits for: that of the stream is.
  EXPECT_GE(upstream->widened(0), 16U * part.size() / 2);
  EXPECT_EQ(upstream->widened(1), 0U);
  answer(3, "ok");
  EXPECT_EQ(*fast->rest(), "ok");
  std::size_t pulled = 0;
  while (pulled < 16 * part.size()) {
    std::string piece = slow->pull();
    ASSERT_NE(piece, "nothing");
    pulled += piece.size();
  }
  EXPECT_EQ(slow->pull(), "nothing");  // the last piece has been passed on
  loop.settle();
  EXPECT_GE(upstream->widened(1), 16U * part.size() / 2);
}

TEST_F(H2ClientTest, ASilentStreamHoldsNoBuffer) {
  greet();
  auto asked = get();
  upstream->headers(1, responseFields());
  upstream->data(1, "event");
  loop.settle();
  EXPECT_EQ(asked->pull(), "event");
  EXPECT_EQ(asked->pull(), "nothing");
  EXPECT_EQ(loop.reactor.buffers().lent(), 0U);
  upstream->data(1, "more");
  loop.settle();
  EXPECT_GT(loop.reactor.buffers().lent(), 0U);
  EXPECT_EQ(asked->pull(), "more");
}

TEST_F(H2ClientTest, ASilentStreamWakesWhoAsksForIt) {
  greet();
  auto asked = get();
  upstream->headers(1, responseFields());
  loop.settle();
  ASSERT_EQ(asked->status(), 200);
  asked->body()->wakeInSilence(Seconds(20));
  Running<Result<Piece>> pulling(loop, asked->body()->pull());
  EXPECT_FALSE(pulling.done());
  loop.wait(Seconds(21));
  ASSERT_TRUE(pulling.done());
  EXPECT_EQ(pulling.result()->bytes, "");
  EXPECT_FALSE(pulling.result()->end);
  upstream->data(1, "more", kEndStream);
  loop.settle();
  EXPECT_EQ(*asked->rest(), "more");
}

}  // namespace
}  // namespace gatehouse::http
