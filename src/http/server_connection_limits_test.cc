// Clients that are slow, wrong, gone or too many, and connections that end.
#include <malloc.h>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/server_for_test.h"

namespace gatehouse::http {
namespace {

constexpr ServerLimits kShort{
    .target = 64,
    .field_section = 256,
    .field_count = 6,
    .head_timeout = Seconds(3),
    .idle_timeout = Seconds(10),
    .body_timeout = Seconds(5),
    .write_timeout = Seconds(7),
};

class ServerLimitsTest : public testing::Test, protected ServerScene {
 protected:
  ServerLimitsTest() : ServerScene(kShort) {}

  void expectEnd(Running<Exchange>& waiting) {
    client->take();
    EXPECT_TRUE(client->ended());
    client->close();
    loop.settle();
    ASSERT_TRUE(waiting.done());
    EXPECT_EQ(waiting.result(), nullptr);
  }
};

TEST_F(ServerLimitsTest, MalformedHeadGetsOneProblemAndIsCounted) {
  client->send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  Running<Exchange> waiting(loop, server->next());
  std::string answer = client->take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 Bad Request\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: application/problem+json\r\n"), std::string::npos);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(answer.find(R"("code":"host")"), std::string::npos);
  EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "replied twice";
  EXPECT_EQ(shared.refused[static_cast<std::size_t>(Violation::kHost)], 1U);
  expectEnd(waiting);
}

struct SeenRefused final : RefusedRequests {
  RefusedAnswer begin(const RefusedRequest& request) override {
    std::string method = request.method ? std::string(toString(*request.method)) : "unread";
    seen.push_back(
        std::to_string(request.status) + " " + method + " " + std::string(request.host) +
        std::string(request.path) + " " + std::string(toString(request.error.kind()))
    );
    RefusedAnswer answer{.id = "the-id"};
    sent_paths.emplace_back(request.sent_path);
    if (request.path == "/spoken") {
      answer.fields.add("Content-Type", "application/json");
      answer.body = "{\"" + std::string(request.code) + "\":0}";
    }
    return answer;
  }
  void answered(std::uint64_t bytes_out) override { sent.push_back(bytes_out); }
  void unanswered() override { sent.push_back(0); }

  std::vector<std::string> seen;
  std::vector<std::string> sent_paths;
  std::vector<std::uint64_t> sent;
};

class RefusedRequestsTest : public ServerLimitsTest {
 protected:
  /// What the client reads after it sent `text` on a connection of its own.
  std::string answerTo(std::string_view text) {
    auto [stream, other] = loop.connect();
    TestPeer peer(std::move(other));
    auto connection = serveHttp1(loop.reactor, std::move(stream), kShort, shared, &refused);
    peer.send(text);
    Running<Exchange> waiting(loop, connection->next());
    loop.wait(Seconds(4));
    std::string answer = peer.take();
    peer.close();
    loop.settle();
    EXPECT_TRUE(waiting.done());
    return answer;
  }

  SeenRefused refused;
};

TEST_F(RefusedRequestsTest, AreToldWithWhatIsKnownOfThem) {
  answerTo("GET /two?key=x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  answerTo("BREW / HTTP/1.1\r\nHost: a\r\n\r\n");
  answerTo("REPORT / HTTP/1.1\r\n\r\n");
  answerTo("GET /sized HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n");
  answerTo("GET /field HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n");
  answerTo("rubbish\r\n\r\n");
  answerTo("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(300, 'x'));
  answerTo("GET /" + std::string(300, 'x'));
  answerTo("GET / HTTP/1.1\r\nHo");
  EXPECT_EQ(
      refused.seen,
      (std::vector<std::string>{
          "400 GET /two bad_request",
          "501 " + std::string(toString(Method::kOther)) + " / not_supported",
          "400 " + std::string(toString(Method::kOther)) + " / bad_request",
          "400 GET a/sized bad_request",
          "400 GET /field bad_request",
          "400 unread  bad_request",
          "431 GET / head_too_large",
          "431 unread  head_too_large",
          "408 GET / timeout",
      })
  );
}

TEST_F(RefusedRequestsTest, SayWhatStoodInThePlaceOfThePath) {
  answerTo("POST /a?b HTTP/2.0\r\n\r\n");
  answerTo("POST /a#b HTTP/1.1\r\nHost: a\r\n\r\n");
  answerTo("POST /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n");
  answerTo("POST a HTTP/1.1\r\nHost: a\r\n\r\n");
  answerTo("POST /a HTTP/x.y\r\n\r\n");
  const std::string post(toString(Method::kPost));
  EXPECT_EQ(
      refused.seen,
      (std::vector<std::string>{
          "505 " + post + " /a bad_request",
          "400 " + post + "  bad_request",
          "400 " + post + "  bad_request",
          "400 " + post + "  bad_request",
          "400 unread  bad_request",
      })
  );
  EXPECT_EQ(refused.sent_paths, (std::vector<std::string>{"/a", "/a", "/a", "a", ""}));
}

TEST_F(RefusedRequestsTest, AreAnsweredWithTheirId) {
  std::string answer = answerTo("rubbish\r\n\r\n");
  EXPECT_NE(answer.find("x-gatehouse-request-id: the-id\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("x-request-id: the-id\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find(R"("request_id":"the-id")"), std::string::npos) << answer;
  ASSERT_EQ(refused.sent.size(), 1U);
  EXPECT_EQ(refused.sent.front(), answer.size() - answer.find("\r\n\r\n") - 4);
}

TEST_F(RefusedRequestsTest, AreAnsweredInTheWordsGivenForThem) {
  for (std::string_view method : {"BREW", "POST"}) {
    std::string answer = answerTo(std::string(method) + " /spoken HTTP/1.1\r\nX Y: z\r\n\r\n");
    bool known = method == "POST";
    EXPECT_TRUE(answer.starts_with(known ? "HTTP/1.1 400 " : "HTTP/1.1 501 ")) << answer;
    EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with(known ? "\r\n\r\n{\"field\":0}" : "\r\n\r\n{\"method\":0}"));
  }
}

TEST_F(RefusedRequestsTest, AreNoneWhereNothingCame) {
  auto [stream, other] = loop.connect();
  TestPeer peer(std::move(other));
  auto connection = serveHttp1(loop.reactor, std::move(stream), kShort, shared, &refused);
  Running<Exchange> waiting(loop, connection->next());
  peer.close();
  loop.settle();
  EXPECT_TRUE(waiting.done());
  EXPECT_TRUE(refused.seen.empty());
}

TEST_F(ServerLimitsTest, LargeHeadGets431) {
  client->send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(300, 'x'));
  Running<Exchange> waiting(loop, server->next());
  EXPECT_TRUE(client->take().starts_with("HTTP/1.1 431 "));
  EXPECT_EQ(shared.refused[static_cast<std::size_t>(Violation::kTooLarge)], 1U);
  expectEnd(waiting);
}

TEST_F(ServerLimitsTest, Http2PrefaceGets505) {
  client->send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  Running<Exchange> waiting(loop, server->next());
  EXPECT_TRUE(client->take().starts_with("HTTP/1.1 505 "));
  expectEnd(waiting);
}

TEST_F(ServerLimitsTest, RefusedClientThatGoesOnSendingIsCutOffAfterAMoment) {
  client->send("rubbish\r\n\r\n");
  Running<Exchange> waiting(loop, server->next());
  client->send("more rubbish");
  loop.settle();
  EXPECT_FALSE(waiting.done());
  loop.wait(Seconds(2));
  EXPECT_TRUE(waiting.done());
}

TEST_F(ServerLimitsTest, ClientThatDoesNotTakeTheEndIsGone) {
  auto [stream, peer] = loop.connect();
  CountingStream::Counts counts;
  server = serveHttp1(
      loop.reactor, std::make_unique<StuckAtItsEnd>(std::move(stream), counts), kShort, shared
  );
  peer.send("rubbish\r\n\r\n");
  Running<Exchange> waiting(loop, server->next());
  loop.wait(Seconds(6));
  EXPECT_FALSE(waiting.done());
  loop.wait(Seconds(2));
  EXPECT_TRUE(waiting.done());
}

TEST_F(ServerLimitsTest, SlowHeadGets408HoweverItTrickles) {
  reply(*request(kGet), "");
  client->take();
  Running<Exchange> waiting(loop, server->next());
  loop.wait(Seconds(9));
  client->send("GET / HTTP/1.1\r\n");
  loop.settle();
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(waiting.done());
    EXPECT_EQ(client->take(), "");
    client->send("X: y\r\n");
    loop.wait(Seconds(1));
  }
  EXPECT_TRUE(client->take().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(shared.slow_heads, 1U);
  expectEnd(waiting);
}

TEST_F(ServerLimitsTest, WhoSaysNothingFromTheBeginningIsNotWaitedForLong) {
  Running<Exchange> waiting(loop, server->next());
  loop.wait(Seconds(2));
  EXPECT_FALSE(waiting.done());
  loop.wait(Seconds(2));
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(client->take(), "");
  EXPECT_TRUE(client->ended());
}

TEST_F(ServerLimitsTest, IdleConnectionIsClosedSilently) {
  reply(*request(kGet), "");
  client->take();
  Running<Exchange> waiting(loop, server->next());
  loop.wait(Seconds(9));
  EXPECT_FALSE(waiting.done());
  loop.wait(Seconds(2));
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(waiting.result(), nullptr);
  EXPECT_EQ(client->take(), "");
  EXPECT_TRUE(client->ended());
}

TEST_F(ServerLimitsTest, SlowBodyIsATimeout) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
  Running<Result<std::string>> reading(loop, readAll(exchange->body()));
  loop.wait(Seconds(4));
  client->send("c");
  loop.wait(Seconds(4));
  EXPECT_FALSE(reading.done()) << "the limit is between two pieces";
  loop.wait(Seconds(2));
  ASSERT_TRUE(reading.done());
  EXPECT_EQ(reading.result().error().kind(), ErrorKind::kTimeout);
  EXPECT_EQ(reading.result().error().origin(), Origin::kDownstream);
  reply(*exchange, "late");
  EXPECT_EQ(client->take(), replyText("late", kClose));
}

TEST_F(ServerLimitsTest, BodyThatBreaksOffOrIsBroken) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n+3");
  Result<std::string> broken = body(*exchange);
  EXPECT_EQ(broken.error().kind(), ErrorKind::kBadRequest);
  reply(*exchange, "bad");
  EXPECT_EQ(client->take(), replyText("bad", kClose));
}

TEST_F(ServerLimitsTest, ClientThatClosesWithinTheBody) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
  client->close();
  EXPECT_EQ(body(*exchange).error().kind(), ErrorKind::kPeerClosed);
}

TEST_F(ServerLimitsTest, UnreadBodyIsDroppedUpToABound) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  reply(*exchange, "early");
  exchange = nullptr;
  EXPECT_EQ(client->take(), replyText("early"));
  client->send(std::string(100'000, 'x') + std::string(kGet));
  exchange = next();
  ASSERT_NE(exchange, nullptr);
  EXPECT_EQ(exchange->head().target, "/a");
}

TEST_F(ServerLimitsTest, LargeUnreadBodyEndsTheConnection) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n");
  reply(*exchange, "early");
  exchange = nullptr;
  EXPECT_EQ(client->take(), replyText("early", kClose));
}

TEST_F(ServerLimitsTest, EndlessUnreadChunksEndTheConnection) {
  Exchange exchange =
      request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n");
  reply(*exchange, "early");
  exchange = nullptr;
  Running<Exchange> waiting(loop, server->next());
  for (int i = 0; i < 20; ++i) {
    client->send(std::string(50'000, 'x'));
    loop.settle();
  }
  client->take();
  EXPECT_TRUE(client->ended());
}

TEST_F(ServerLimitsTest, ClientGoneIsTold) {
  Exchange exchange = request(kGet);
  EXPECT_FALSE(exchange->gone().requested());
  client->close();
  loop.settle();
  EXPECT_TRUE(exchange->gone().requested());
}

TEST_F(ServerLimitsTest, ClientGoneIsToldAfterItsBodyWasRead) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
  Running<Result<std::string>> reading(loop, readAll(exchange->body()));
  client->send("cd");
  client->close();
  loop.settle();
  EXPECT_EQ(reading.result(), "abcd");
  EXPECT_TRUE(exchange->gone().requested());
}

TEST_F(ServerLimitsTest, ClientThatLeavesAfterTheReplyIsNotGone) {
  Exchange exchange = request(kGet);
  reply(*exchange, "x");
  client->close();
  loop.settle();
  EXPECT_FALSE(exchange->gone().requested());
}

TEST_F(ServerLimitsTest, IdleConnectionDrainsAtOnce) {
  Running<Exchange> waiting(loop, server->next());
  server->drain();
  loop.settle();
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(waiting.result(), nullptr);
  client->take();
  EXPECT_TRUE(client->ended());
}

TEST_F(ServerLimitsTest, DrainWaitsForTheExchange) {
  Exchange exchange = request(kGet);
  server->drain();
  reply(*exchange, "last");
  exchange = nullptr;
  EXPECT_EQ(client->take(), replyText("last", kClose));
  client->send(kGet);
  EXPECT_EQ(next(), nullptr);
}

TEST_F(ServerLimitsTest, DrainDoesNotWaitForABodyNobodyReads) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nab");
  reply(*exchange, "early");
  exchange = nullptr;
  Running<Exchange> waiting(loop, server->next());
  EXPECT_EQ(client->take(), replyText("early"));
  server->drain();
  loop.settle();
  expectEnd(waiting);
}

TEST_F(ServerLimitsTest, DrainAfterAReplyDoesNotBeginToWaitForItsBody) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nab");
  reply(*exchange, "early");
  exchange = nullptr;
  server->drain();
  Running<Exchange> waiting(loop, server->next());
  expectEnd(waiting);
}

TEST_F(ServerLimitsTest, DrainLetsABegunHeadComeIn) {
  Running<Exchange> waiting(loop, server->next());
  client->send(kGet.substr(0, 10));
  loop.settle();
  server->drain();
  loop.settle();
  EXPECT_FALSE(waiting.done());
  client->send(kGet.substr(10));
  loop.settle();
  ASSERT_TRUE(waiting.done());
  reply(*waiting.result(), "last");
  EXPECT_EQ(client->take(), replyText("last", kClose));
}

TEST_F(ServerLimitsTest, EveryWaitCanBeCancelled) {
  {
    Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n");
    Running<Result<std::string>> reading(loop, readAll(exchange->body()));
    reading.cancel();
    EXPECT_EQ(reading.result().error().kind(), ErrorKind::kCancelled);
    exchange->writeHead({}, Framing::kChunked);
    Running<Result<void>> writing(loop, exchange->write(std::string(4 << 20, 'x')));
    writing.cancel();
    EXPECT_EQ(writing.result().error().kind(), ErrorKind::kCancelled);
  }
  EXPECT_EQ(next(), nullptr);
}

TEST_F(ServerLimitsTest, WaitingForARequestCanBeCancelled) {
  Running<Exchange> waiting(loop, server->next());
  waiting.cancel();
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(waiting.result(), nullptr);
}

TEST_F(ServerLimitsTest, NoMemoryForABodyIsSaidWhenItIsRead) {
  loop.reactor.buffers().setCap(1000);
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
  ASSERT_NE(exchange, nullptr);
  EXPECT_FALSE(body(*exchange).has_value());
  reply(*exchange, "no");
  EXPECT_EQ(client->take(), replyText("no", kClose));
}

TEST_F(ServerLimitsTest, IdleConnectionsHoldNoBuffers) {
  constexpr std::size_t kConnections = 200;
  std::vector<std::unique_ptr<ServerConnection>> servers;
  std::vector<TestPeer> clients;
  std::vector<std::unique_ptr<Running<Exchange>>> waits;
  for (std::size_t i = 0; i < kConnections; ++i) {
    auto [stream, peer] = loop.connect();
    clients.push_back(std::move(peer));
    servers.push_back(serveHttp1(loop.reactor, std::move(stream), {}, shared));
    clients.back().send(kGet);
    Running<Exchange> first(loop, servers.back()->next());
    reply(*first.result(), std::string(1000, 'x'));
  }
  std::size_t before = mallinfo2().uordblks;
  for (auto& each : servers) {
    waits.push_back(std::make_unique<Running<Exchange>>(loop, each->next()));
  }
  std::size_t waiting = (mallinfo2().uordblks - before) / kConnections;
  EXPECT_LT(waiting, 1200U) << "the test's own bookkeeping included";
}

}  // namespace
}  // namespace gatehouse::http
