#include "http/client_connection.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/client_for_test.h"

namespace gatehouse::http {
namespace {

class ClientConnectionTest : public testing::Test, protected ClientScene {};

TEST_F(ClientConnectionTest, HeadAndSlicesLeaveTogether) {
  ClientRequest request = post();
  request.head.fields.add("Accept", "*/*");
  request.slices = {Chunk::literal("{\"model\":"), Chunk::literal("\"m\""), Chunk::literal("}")};
  auto sending = send(request);
  EXPECT_EQ(
      upstream->take(),
      "POST /x HTTP/1.1\r\nHost: up\r\nAccept: */*\r\nContent-Length: 13\r\n\r\n{\"model\":\"m\"}"
  );
  EXPECT_FALSE(client->reusable());
  EXPECT_EQ(request.sent, loop.reactor.now());
  upstream->send(lengthAnswer("hello"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  ASSERT_TRUE(sending->result().has_value());
  ClientResponse& response = *sending->result();
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.body.length(), 5U);
  EXPECT_EQ(body(response), "hello");
  EXPECT_FALSE(client->reusable()) << "the body is still there";
  response.body = {};
  EXPECT_TRUE(client->reusable());
  EXPECT_TRUE(client->reused());
}

TEST_F(ClientConnectionTest, SmallExchangeIsOneWriteAndOneRead) {
  auto [stream, peer] = loop.connect();
  CountingStream::Counts counts;
  client =
      clientHttp1(loop.reactor, std::make_unique<CountingStream>(std::move(stream), counts), {});
  ClientRequest request = post();
  request.slices = {Chunk::literal("a"), Chunk::literal("b"), Chunk::literal("c")};
  auto sending = send(request);
  peer.send(chunkedAnswer("3\r\nabc\r\n0\r\n\r\n"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(body(*sending->result()), "abc");
  sending->result()->body = {};
  EXPECT_TRUE(client->reusable());
  EXPECT_EQ(counts.writes, 1);
  EXPECT_EQ(counts.reads, 1);
}

TEST_F(ClientConnectionTest, IsUsedAgainAndAgain) {
  for (std::string_view text : {"one", "two", ""}) {
    Result<ClientResponse> response = exchange(lengthAnswer(text));
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(body(*response), text);
    response->body = {};
    EXPECT_TRUE(client->reusable());
  }
}

TEST_F(ClientConnectionTest, ChunksOfOneReadAreOnePiece) {
  Result<ClientResponse> response = exchange(chunkedAnswer(""));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body.length(), std::nullopt);
  upstream->send("3\r\nabc\r\n2\r\nde\r\n4\r\nfghi\r\n");
  loop.settle();
  {
    Running<Result<Piece>> pull(loop, response->body.source()->pull());
    ASSERT_TRUE(pull.done());
    EXPECT_EQ(pull.result()->bytes.size(), 9U);
    EXPECT_FALSE(pull.result()->end);
  }
  upstream->send("1\r\nj\r\n0\r\nX-Sum: 1\r\n\r\n");
  loop.settle();
  EXPECT_EQ(body(*response), "j");
  EXPECT_EQ(response->body.source()->trailers()->get("x-sum"), "1");
  response->body = {};
  EXPECT_TRUE(client->reusable()) << "the end was seen without another read";
}

TEST_F(ClientConnectionTest, ContentThatComesWithTheHead) {
  Result<ClientResponse> response = exchange(chunkedAnswer("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(response->body.source()->ready());
  EXPECT_EQ(body(*response), "abcde");
  EXPECT_TRUE(response->body.source()->ready());
  response->body = {};
  EXPECT_TRUE(client->reusable());
}

TEST_F(ClientConnectionTest, ContentThatCameWithTheHeadIsReadyOnce) {
  Result<ClientResponse> response = exchange(chunkedAnswer("3\r\nabc\r\n"));
  ASSERT_TRUE(response.has_value());
  EXPECT_TRUE(response->body.source()->ready());
  EXPECT_EQ(Running(loop, response->body.source()->pull()).result()->bytes, "abc");
  EXPECT_FALSE(response->body.source()->ready());
}

TEST_F(ClientConnectionTest, EveryCutGivesTheSameContent) {
  std::string answer = "HTTP/1.1 103 Early Hints\r\n\r\n" +
                       chunkedAnswer("3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n");
  for (std::size_t cut = 1; cut < answer.size(); ++cut) {
    connect();
    ClientRequest request = get();
    auto sending = send(request);
    upstream->send(answer.substr(0, cut));
    loop.settle();
    upstream->send(answer.substr(cut));
    loop.settle();
    ASSERT_TRUE(sending->done()) << cut;
    ASSERT_TRUE(sending->result().has_value()) << cut;
    EXPECT_EQ(body(*sending->result()), "abcde") << cut;
    sending->result()->body = {};
    EXPECT_TRUE(client->reusable()) << cut;
  }
}

TEST_F(ClientConnectionTest, BodyUntilTheEndOfTheConnection) {
  Result<ClientResponse> response = exchange("HTTP/1.1 200 OK\r\n\r\nabc");
  ASSERT_TRUE(response.has_value());
  Running<Result<std::string>> reading(loop, readAll(response->body.source()));
  upstream->send("def");
  loop.settle();
  EXPECT_FALSE(reading.done());
  upstream->close();
  loop.settle();
  ASSERT_TRUE(reading.done());
  EXPECT_EQ(reading.result(), "abcdef");
  response->body = {};
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientConnectionTest, ConnectionThatWantsToCloseIsNotReused) {
  Result<ClientResponse> response =
      exchange("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na");
  EXPECT_EQ(body(*response), "a");
  response->body = {};
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientConnectionTest, ResponsesWithoutBody) {
  ClientRequest head = get();
  head.head.method = Method::kHead;
  auto sending = send(head);
  upstream->send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_TRUE(sending->result()->body.empty());
  EXPECT_EQ(sending->result()->head.fields.get("Content-Length"), "99");
  EXPECT_TRUE(client->reusable());
  Result<ClientResponse> none = exchange("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_TRUE(none->body.empty());
  EXPECT_TRUE(client->reusable());
}

TEST_F(ClientConnectionTest, InterimResponsesArePassedOver) {
  Result<ClientResponse> response = exchange(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + lengthAnswer("a")
  );
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->head.status, 200);
  EXPECT_EQ(body(*response), "a");
}

TEST_F(ClientConnectionTest, StreamOfUnknownLengthIsChunked) {
  ClientRequest request = post();
  request.stream = Body(std::make_unique<ScriptedBody>(std::vector<std::string>{"abc", "de", ""}));
  auto sending = send(request);
  EXPECT_EQ(
      upstream->take(),
      "POST /x HTTP/1.1\r\nHost: up\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
  );
  EXPECT_EQ(request.sent, loop.reactor.now());
  upstream->send(lengthAnswer(""));
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_TRUE(client->reusable());
}

TEST_F(ClientConnectionTest, StreamOfKnownLengthIsNot) {
  ClientRequest request = post();
  request.stream = Body(std::make_unique<ScriptedBody>(std::vector<std::string>{"abc", "de"}, 5));
  auto sending = send(request);
  EXPECT_EQ(upstream->take(), "POST /x HTTP/1.1\r\nHost: up\r\nContent-Length: 5\r\n\r\nabcde");
  upstream->send(lengthAnswer(""));
  loop.settle();
  EXPECT_TRUE(sending->done());
  EXPECT_TRUE(client->reusable());
}

TEST_F(ClientConnectionTest, AnswerBeforeTheRequestIsSentEndsTheSending) {
  ClientRequest request = post();
  request.slices = {Chunk::own(std::string(8 << 20, 'x'))};
  auto sending = send(request);
  EXPECT_FALSE(sending->done());
  upstream->send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
  loop.settle();
  ASSERT_TRUE(sending->done());
  ASSERT_TRUE(sending->result().has_value());
  EXPECT_EQ(sending->result()->head.status, 413);
  EXPECT_EQ(body(*sending->result()), "big");
  EXPECT_EQ(request.sent, std::nullopt);
  sending->result()->body = {};
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientConnectionTest, AnEarlyYesDoesNotCutWhatIsBeingSent) {
  ClientRequest request = post();
  constexpr std::size_t kSize = 8 << 20;
  request.slices = {Chunk::own(std::string(kSize, 'x'))};
  auto sending = send(request);
  upstream->send(lengthAnswer("ok"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_TRUE(request.goes_on);
  EXPECT_EQ(request.sent, std::nullopt);
  request.slices.clear();
  Running<Result<std::string>> reading(loop, readAll(sending->result()->body.source()));
  EXPECT_FALSE(reading.done()) << "the client would take its upload for done";
  std::size_t taken = 0;
  for (int i = 0; i < 1000 && !reading.done(); ++i) {
    taken += upstream->take().size();
    loop.settle();
  }
  ASSERT_TRUE(reading.done());
  EXPECT_EQ(reading.result(), "ok");
  taken += upstream->take().size();
  EXPECT_GT(taken, kSize);
  sending->result()->body = {};
  EXPECT_TRUE(client->reusable());
}

TEST_F(ClientConnectionTest, InterimAnswerDoesNotEndTheSending) {
  ClientRequest request = post();
  constexpr std::size_t kSize = 8 << 20;
  request.slices = {Chunk::own(std::string(kSize, 'x'))};
  auto sending = send(request);
  upstream->send("HTTP/1.1 103 Early Hints\r\n\r\n");
  loop.settle();
  EXPECT_FALSE(sending->done());
  std::size_t got = 0;
  for (int i = 0; i < 1000 && got < kSize; ++i) {
    got += upstream->take().size();
    loop.settle();
  }
  EXPECT_GT(got, kSize);
  upstream->send(lengthAnswer("ok"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(body(*sending->result()), "ok");
  sending->result()->body = {};
  EXPECT_TRUE(client->reusable());
}

TEST_F(ClientConnectionTest, AnswerWhileAStreamIsSentEndsTheSending) {
  ClientRequest request = post();
  std::vector<std::string> pieces(64, std::string(128 << 10, 'x'));
  request.stream = Body(std::make_unique<ScriptedBody>(pieces));
  auto sending = send(request);
  EXPECT_FALSE(sending->done());
  upstream->send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result()->head.status, 401);
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientConnectionTest, InterimAnswerWhileAStreamIsSentHarmsNoByte) {
  ClientRequest request = post();
  std::vector<std::string> pieces;
  std::string all;
  for (char c = 'a'; c <= 'z'; ++c) {
    all += pieces.emplace_back(256 << 10, c);
  }
  request.stream = Body(std::make_unique<ScriptedBody>(pieces, all.size()));
  auto sending = send(request);
  std::string got;
  for (int i = 0; i < 1000 && !got.ends_with(std::string(256 << 10, 'z')); ++i) {
    if (i == 3) {
      upstream->send("HTTP/1.1 100 Continue\r\n\r\n");
    }
    got += upstream->take();
    loop.settle();
  }
  EXPECT_EQ(got.substr(got.find("\r\n\r\n") + 4), all);
  upstream->send(lengthAnswer("ok"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_TRUE(sending->result().has_value());
}

TEST_F(ClientConnectionTest, BodyDestroyedEarlyClosesTheConnection) {
  Result<ClientResponse> response = exchange(chunkedAnswer("3\r\nabc\r\n"));
  response->body = {};
  EXPECT_FALSE(client->reusable());
  loop.settle();
  upstream->take();
  EXPECT_TRUE(upstream->ended());
}

}  // namespace
}  // namespace gatehouse::http
