// What a request may ask for besides its answer: to switch protocols, to be invited before its body
// is sent, hints, trailers.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/client_for_test.h"
#include "http/upgrade/tunnel.h"

namespace gatehouse::http {
namespace {

constexpr std::string_view kAgree =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";

class ClientWishesTest : public testing::Test, protected ClientScene {
 protected:
  /// A request whose sender waits to be invited.
  ClientRequest uninvited() {
    ClientRequest request = post();
    auto source = std::make_unique<PausedBody>(loop.reactor);
    paused = source.get();
    request.stream = Body(std::move(source));
    request.expect_continue = true;
    return request;
  }
  PausedBody* paused = nullptr;
};

TEST_F(ClientWishesTest, ASwitchThatWasAskedForIsTheAnswer) {
  ClientRequest request = get();
  request.web_socket = true;
  auto sending = send(request);
  const std::string sent = upstream->take();
  EXPECT_NE(sent.find("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"), std::string::npos)
      << sent;
  upstream->send(std::string(kAgree) + "early");
  loop.settle();
  ASSERT_TRUE(sending->done());
  ClientResponse response = *std::move(sending->result());
  EXPECT_EQ(response.head.status, 101);
  TunnelEnd* end = response.body.source()->switched();
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(end->received, "early");
  EXPECT_FALSE(client->reusable());
  response.body = {};
  EXPECT_FALSE(client->reusable());
  loop.settle();
  upstream->take();
  EXPECT_TRUE(upstream->ended());
}

TEST_F(ClientWishesTest, ASwitchThatIsDeclinedIsAPlainAnswer) {
  ClientRequest request = get();
  request.web_socket = true;
  auto sending = send(request);
  upstream->send(lengthAnswer("no"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(body(*sending->result()), "no");
  EXPECT_EQ(sending->result()->body.source()->switched(), nullptr);
  sending->result()->body = {};
  EXPECT_TRUE(client->reusable());
}

TEST_F(ClientWishesTest, ASwitchToSomethingElseIsNone) {
  ClientRequest request = get();
  request.web_socket = true;
  auto sending = send(request);
  upstream->send("HTTP/1.1 101 Yes\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n");
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kUpstreamInvalid);
}

TEST_F(ClientWishesTest, ABodyWaitsForItsInvitation) {
  ClientRequest request = uninvited();
  auto sending = send(request);
  EXPECT_NE(upstream->take().find("\r\nExpect: 100-continue\r\n"), std::string::npos);
  loop.wait(Millis(900));
  EXPECT_EQ(upstream->take(), "");
  upstream->send("HTTP/1.1 100 Continue\r\n\r\n");
  loop.settle();
  paused->give("abc");
  paused->end();
  loop.settle();
  EXPECT_EQ(upstream->take(), "3\r\nabc\r\n0\r\n\r\n");
  upstream->send(lengthAnswer("ok"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(body(*sending->result()), "ok");
  sending->result()->body = {};
  EXPECT_TRUE(client->reusable());
}

TEST_F(ClientWishesTest, ABodyThatIsRefusedIsNotAskedFor) {
  ClientRequest request = uninvited();
  auto sending = send(request);
  upstream->send("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result()->head.status, 413);
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientWishesTest, ABodyIsSentUninvitedAfterAWhile) {
  ClientRequest request = uninvited();
  auto sending = send(request);
  upstream->take();
  loop.wait(Millis(1100));
  paused->give("abc");
  loop.settle();
  EXPECT_EQ(upstream->take(), "3\r\nabc\r\n");
}

TEST_F(ClientWishesTest, ABodyThatIsThereNeedsNoInvitation) {
  ClientRequest request = uninvited();
  paused->give("abc");
  paused->end();
  auto sending = send(request);
  const std::string sent = upstream->take();
  EXPECT_EQ(sent.find("Expect"), std::string::npos);
  EXPECT_TRUE(sent.ends_with("3\r\nabc\r\n0\r\n\r\n"));
}

TEST_F(ClientWishesTest, AnUpstreamThatLeavesWhileAskedIsNoticed) {
  ClientRequest request = uninvited();
  auto sending = send(request);
  upstream->close();
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kUpstreamClosed);
}

TEST_F(ClientWishesTest, HintsAreHeardAndOtherInterimAnswersAreNot) {
  struct Listener final : InterimListener {
    void onInterim(ResponseHead head) override {
      heard.push_back(
          std::to_string(head.status) + std::string(head.fields.get("link").value_or(""))
      );
    }
    std::vector<std::string> heard;
  } listener;
  ClientRequest request = get();
  request.interim = &listener;
  auto sending = send(request);
  upstream->send(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
      "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n" +
      lengthAnswer("ok")
  );
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(listener.heard, (std::vector<std::string>{"103a", "103b"}));
  EXPECT_EQ(body(*sending->result()), "ok");
}

/// A chunked body with trailers.
class TrailedBody final : public BodySource {
 public:
  TrailedBody() {
    trailers_.add("X-Sum", "7");
    trailers_.add("X-Quiet", "1");
    trailers_.add("Host", "evil");
  }
  io::Task<Result<Piece>> pull() override { co_return Piece{"abc", true}; }
  const Fields* trailers() const override { return &trailers_; }

 private:
  Fields trailers_;
};

TEST_F(ClientWishesTest, TrailersThatAreAnnouncedFollowTheBody) {
  ClientRequest request = post();
  request.head.fields.add("Trailer", "X-Sum, Host");
  request.stream = Body(std::make_unique<TrailedBody>());
  request.te_trailers = true;
  auto sending = send(request);
  const std::string sent = upstream->take();
  EXPECT_NE(sent.find("\r\nTE: trailers\r\nConnection: TE\r\n"), std::string::npos) << sent;
  EXPECT_TRUE(sent.ends_with("\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\n\r\n")) << sent;
}

TEST_F(ClientWishesTest, TrailersThatAreNotAnnouncedAreLeftOut) {
  ClientRequest request = post();
  request.stream = Body(std::make_unique<TrailedBody>());
  auto sending = send(request);
  EXPECT_TRUE(upstream->take().ends_with("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
}

}  // namespace
}  // namespace gatehouse::http
