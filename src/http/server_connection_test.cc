#include "http/server_connection.h"

#include <string>

#include <gtest/gtest.h>

#include "http/body_filters.h"
#include "http/server_for_test.h"

namespace gatehouse::http {
namespace {

class ServerConnectionTest : public testing::Test, protected ServerScene {};

TEST_F(ServerConnectionTest, OneExchangeAfterTheOther) {
  for (int i = 0; i < 3; ++i) {
    Exchange exchange = request(kGet);
    ASSERT_NE(exchange, nullptr);
    EXPECT_EQ(exchange->head().target, "/a");
    EXPECT_EQ(exchange->head().authority, "h");
    EXPECT_EQ(exchange->body()->length(), 0U);
    reply(*exchange, "hello");
    EXPECT_EQ(exchange->counts().bytes_out, 5U);
    exchange = nullptr;
    EXPECT_EQ(client->take(), replyText("hello"));
  }
  client->close();
  EXPECT_EQ(next(), nullptr);
}

TEST_F(ServerConnectionTest, PipelinedRequestsAreServedInOrder) {
  client->send(
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"
      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /4 HTTP/1.1\r\n"
  );
  Exchange first = next();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(body(*first), "ab");
  reply(*first, "1");
  first = nullptr;
  Exchange second = next();
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(body(*second), "cd");
  EXPECT_EQ(second->counts().bytes_in, 2U);
  reply(*second, "2");
  second = nullptr;
  Exchange third = next();
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(third->head().target, "/3");
  reply(*third, "3");
  third = nullptr;
  Exchange fourth = request("Host: h\r\n\r\n");
  ASSERT_NE(fourth, nullptr);
  EXPECT_EQ(fourth->head().target, "/4");
  reply(*fourth, "4");
  EXPECT_EQ(client->take(), replyText("1") + replyText("2") + replyText("3") + replyText("4"));
}

TEST_F(ServerConnectionTest, OnlyTheFirstBytesHaveAWaitOfTheirOwn) {
  EXPECT_EQ(server->takeAcceptWait(), std::nullopt);
  Exchange first = request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(server->takeAcceptWait(), Nanos(0));
  EXPECT_EQ(server->takeAcceptWait(), std::nullopt) << "it is told once";
  reply(*first, "1");
  first = nullptr;
  Exchange second = request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(server->takeAcceptWait(), std::nullopt);
  reply(*second, "2");
}

TEST_F(ServerConnectionTest, UnreadPipelinedBodiesAreSkipped) {
  client->send(
      "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab"
      "POST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n"
  );
  for (std::string_view target : {"/1", "/2", "/3"}) {
    Exchange exchange = next();
    ASSERT_NE(exchange, nullptr) << target;
    EXPECT_EQ(exchange->head().target, target);
    reply(*exchange, "");
  }
}

TEST_F(ServerConnectionTest, SmallExchangeIsOneReadAndOneWrite) {
  auto [stream, peer] = loop.connect();
  CountingStream::Counts counts;
  server = serveHttp1(
      loop.reactor, std::make_unique<CountingStream>(std::move(stream), counts), {}, shared
  );
  peer.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  Exchange exchange = next();
  ASSERT_NE(exchange, nullptr);
  EXPECT_EQ(body(*exchange)->size(), 1000U);
  reply(*exchange, "ok");
  exchange = nullptr;
  EXPECT_EQ(peer.take(), replyText("ok"));
  EXPECT_EQ(next(), nullptr);
  EXPECT_EQ(counts.reads, 1);
  EXPECT_EQ(counts.writes, 1);
}

TEST_F(ServerConnectionTest, HeadMayTrickleIn) {
  Running<Exchange> waiting(loop, server->next());
  for (char c : kGet) {
    EXPECT_FALSE(waiting.done());
    client->send({&c, 1});
    loop.settle();
  }
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(waiting.result()->head().target, "/a");
}

TEST_F(ServerConnectionTest, BodyArrivesInPieces) {
  Exchange exchange =
      request("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
  ASSERT_NE(exchange, nullptr);
  EXPECT_EQ(exchange->body()->length(), std::nullopt);
  Running<Result<std::string>> reading(loop, readAll(exchange->body()));
  client->send("c\r\n2\r\nde\r\n");
  loop.settle();
  EXPECT_FALSE(reading.done());
  client->send("0\r\nX-Sum: 1\r\n\r\n");
  loop.settle();
  ASSERT_TRUE(reading.done());
  EXPECT_EQ(reading.result(), "abcde");
  ASSERT_NE(exchange->body()->trailers(), nullptr);
  EXPECT_EQ(exchange->body()->trailers()->get("x-sum"), "1");
}

TEST_F(ServerConnectionTest, WholeBodyEndsInOnePaddedBuffer) {
  std::string content(200'000, 'x');
  content.back() = 'y';
  std::string text = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + content;
  Running<Exchange> waiting(loop, server->next());
  std::size_t sent = client->send(std::string_view(text).substr(0, 50'000));
  loop.settle();
  ASSERT_TRUE(waiting.done());
  Exchange exchange = std::move(waiting.result());
  Running<Result<Chunk>> whole(loop, readWhole(*exchange->body(), 1 << 20, loop.reactor.buffers()));
  while (sent < text.size()) {
    sent += client->send(std::string_view(text).substr(sent));
    loop.settle();
  }
  ASSERT_TRUE(whole.done());
  ASSERT_TRUE(whole.result().has_value());
  EXPECT_EQ(whole.result()->view(), content);
  EXPECT_EQ(whole.result()->view().data()[content.size()], '\0');
  EXPECT_EQ(exchange->counts().bytes_in, 200'000U);
  reply(*exchange, "ok");
}

TEST_F(ServerConnectionTest, BytesBehindAWholeBodyBelongToTheNextRequest) {
  Exchange exchange = request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  ASSERT_NE(exchange, nullptr);
  client->send(std::string(100'000, 'x') + std::string(kGet));
  Running<Result<Chunk>> whole(loop, readWhole(*exchange->body(), 1 << 20, loop.reactor.buffers()));
  ASSERT_TRUE(whole.done());
  EXPECT_EQ(whole.result()->size(), 100'000U);
  reply(*exchange, "1");
  exchange = nullptr;
  exchange = next();
  ASSERT_NE(exchange, nullptr);
  EXPECT_EQ(exchange->head().target, "/a");
}

TEST_F(ServerConnectionTest, ClientIsInvitedToSendItsBody) {
  Exchange exchange =
      request("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_NE(exchange, nullptr);
  EXPECT_EQ(client->take(), "");
  Running<Result<std::string>> reading(loop, readAll(exchange->body()));
  EXPECT_EQ(client->take(), "HTTP/1.1 100 Continue\r\n\r\n");
  client->send("ab");
  loop.settle();
  ASSERT_TRUE(reading.done());
  EXPECT_EQ(reading.result(), "ab");
  reply(*exchange, "ok");
  EXPECT_EQ(client->take(), replyText("ok"));
}

TEST_F(ServerConnectionTest, RefusedBeforeItsBodyTheUninvitedClientIsLeft) {
  Exchange exchange =
      request("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  ASSERT_NE(exchange, nullptr);
  reply(*exchange, "no");
  EXPECT_EQ(client->take(), replyText("no", kClose));
}

TEST_F(ServerConnectionTest, NoInvitationForABodyThatCameAlong) {
  Exchange exchange =
      request("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\na");
  ASSERT_NE(exchange, nullptr);
  Running<Result<std::string>> reading(loop, readAll(exchange->body()));
  EXPECT_EQ(client->take(), "");
  client->send("b");
  loop.settle();
  EXPECT_EQ(reading.result(), "ab");
}

TEST_F(ServerConnectionTest, BodyIsReadyWhereAPullNeedNotWait) {
  Exchange exchange = request("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
  ASSERT_NE(exchange, nullptr);
  EXPECT_TRUE(exchange->body()->ready());
  EXPECT_EQ(Running(loop, exchange->body()->pull()).result()->bytes, "ab");
  EXPECT_FALSE(exchange->body()->ready());
  client->send("cd");
  EXPECT_EQ(body(*exchange), "cd");
  EXPECT_TRUE(exchange->body()->ready());
  reply(*exchange, "");
  exchange = nullptr;
  exchange = request("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
  ASSERT_NE(exchange, nullptr);
  EXPECT_EQ(Running(loop, exchange->body()->pull()).result()->bytes, "ab");
  EXPECT_FALSE(exchange->body()->ready()) << "the end of a chunk is no content";
}

TEST_F(ServerConnectionTest, PullThatWasCancelledMayBeRepeated) {
  for (std::string_view framing : {"Content-Length: 3", "Transfer-Encoding: chunked"}) {
    bool chunked = framing.starts_with('T');
    Exchange exchange =
        request("PUT / HTTP/1.1\r\nHost: h\r\n" + std::string(framing) + "\r\n\r\n");
    ASSERT_NE(exchange, nullptr);
    Running<Result<Piece>> first(loop, exchange->body()->pull());
    EXPECT_FALSE(first.done());
    first.cancel();
    EXPECT_EQ(first.result().error().kind(), ErrorKind::kCancelled);
    client->send(chunked ? "3\r\nabc\r\n0\r\n\r\n" : "abc");
    EXPECT_EQ(body(*exchange), "abc");
    reply(*exchange, "ok");
    EXPECT_EQ(client->take(), replyText("ok"));
  }
}

TEST_F(ServerConnectionTest, ReplyToAClientThatPausesEndsTheConnection) {
  Exchange exchange = request("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
  ASSERT_NE(exchange, nullptr);
  EXPECT_EQ(Running(loop, exchange->body()->pull()).result()->bytes, "a");
  Running<Result<Piece>> pausing(loop, exchange->body()->pull());
  pausing.cancel();
  reply(*exchange, "no");
  EXPECT_EQ(client->take(), replyText("no", kClose));
  exchange = nullptr;
  // What it still sends is read, so that no reset overtakes the reply, and is no request.
  Running<Exchange> waiting(loop, server->next());
  client->send("bc" + std::string(kGet));
  loop.settle();
  EXPECT_EQ(client->take(), "");
  EXPECT_TRUE(client->ended());
  client->close();
  loop.settle();
  ASSERT_TRUE(waiting.done());
  EXPECT_EQ(waiting.result(), nullptr);
}

TEST_F(ServerConnectionTest, ClientThatLeavesWhileItsPullIsCancelledIsGone) {
  Exchange exchange = request("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
  ASSERT_NE(exchange, nullptr);
  io::Stop stop;
  Running<Result<Piece>> pausing(loop, io::withStop(stop, exchange->body()->pull()));
  client->close();
  stop.request();
  loop.settle();
  ASSERT_TRUE(pausing.done());
  loop.settle();
  EXPECT_TRUE(exchange->gone().requested());
}

TEST_F(ServerConnectionTest, ChunkedReply) {
  Exchange exchange = request(kGet);
  ASSERT_NE(exchange, nullptr);
  ResponseHead head;
  head.fields.add("Date", "now");
  EXPECT_FALSE(exchange->headWritten());
  exchange->writeHead(head, Framing::kChunked);
  EXPECT_TRUE(exchange->headWritten());
  EXPECT_EQ(client->take(), "") << "the head leaves with the first bytes";
  EXPECT_TRUE(write(*exchange, "one").has_value());
  EXPECT_EQ(
      client->take(),
      "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
  );
  EXPECT_TRUE(write(*exchange, "").has_value());
  EXPECT_EQ(client->take(), "");
  EXPECT_TRUE(finish(*exchange, "two").has_value());
  EXPECT_EQ(client->take(), "3\r\ntwo\r\n0\r\n\r\n");
  exchange = nullptr;
  EXPECT_NE(request(kGet), nullptr);
}

TEST_F(ServerConnectionTest, HeadMayBeFlushedAlone) {
  Exchange exchange = request(kGet);
  exchange->writeHead({.status = 200}, Framing::kChunked);
  EXPECT_TRUE(Running(loop, exchange->flush()).result().has_value());
  EXPECT_TRUE(client->take().ends_with("\r\n\r\n"));
  EXPECT_TRUE(finish(*exchange, "").has_value());
  EXPECT_EQ(client->take(), "0\r\n\r\n");
}

TEST_F(ServerConnectionTest, SomeRepliesHaveNoBody) {
  Exchange exchange = request("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_NE(exchange, nullptr);
  ResponseHead head;
  head.fields.add("Date", "now");
  head.fields.add("Content-Length", "5");
  exchange->writeHead(head, Framing::kLength);
  EXPECT_TRUE(finish(*exchange, "hello").has_value());
  EXPECT_EQ(client->take(), "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(exchange->counts().bytes_out, 0U);
  exchange = nullptr;

  exchange = request(kGet);
  ASSERT_NE(exchange, nullptr);
  head.status = 204;
  exchange->writeHead(head, Framing::kChunked);
  EXPECT_TRUE(finish(*exchange, "").has_value());
  EXPECT_EQ(client->take(), "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n");
  exchange = nullptr;
  EXPECT_NE(request(kGet), nullptr);
}

TEST_F(ServerConnectionTest, OldClientsGetABodyUntilTheEnd) {
  Exchange exchange = request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_NE(exchange, nullptr);
  reply(*exchange, "1");
  exchange = nullptr;
  EXPECT_EQ(client->take(), replyText("1", "Connection: keep-alive\r\n"));

  exchange = request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_NE(exchange, nullptr);
  ResponseHead head;
  head.fields.add("Date", "now");
  exchange->writeHead(head, Framing::kChunked);
  EXPECT_TRUE(write(*exchange, "a").has_value());
  EXPECT_TRUE(finish(*exchange, "b").has_value());
  EXPECT_EQ(client->take(), "HTTP/1.1 200 OK\r\nDate: now\r\nConnection: close\r\n\r\nab");
  exchange = nullptr;
  Running<Exchange> ending(loop, server->next());
  client->take();
  EXPECT_TRUE(client->ended());
  client->close();
  loop.settle();
  EXPECT_TRUE(ending.done());
  EXPECT_EQ(ending.result(), nullptr);
}

TEST_F(ServerConnectionTest, ClientThatWantsToCloseIsObeyed) {
  Exchange exchange = request("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  ASSERT_NE(exchange, nullptr);
  reply(*exchange, "bye");
  exchange = nullptr;
  EXPECT_EQ(client->take(), replyText("bye", kClose));
  client->send(kGet);
  EXPECT_EQ(next(), nullptr);
}

}  // namespace
}  // namespace gatehouse::http
