// Upstreams that are gone, slow, or no HTTP servers.
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/client_for_test.h"
#include "http/h1_body.h"

namespace gatehouse::http {
namespace {

constexpr ClientLimits kShort{
    .field_section = 1024,
    .field_count = 8,
    .head_timeout = Seconds(5),
    .idle_timeout = Seconds(3),
    .write_timeout = Seconds(4),
};

class ClientErrorsTest : public testing::Test, protected ClientScene {
 protected:
  ClientErrorsTest() : ClientScene(kShort) {}

  void useOnce() {
    Result<ClientResponse> response = exchange(lengthAnswer("x"));
    EXPECT_EQ(body(*response), "x");
    response->body = {};
    ASSERT_TRUE(client->reusable());
  }
  /// The answer, then the upstream closes; the error of whichever step fails.
  std::optional<Error> errorOf(std::string_view answer) {
    ClientRequest request = get();
    auto sending = send(request);
    upstream->take();
    upstream->send(answer);
    upstream->close();
    loop.settle();
    EXPECT_TRUE(sending->done());
    if (!sending->result()) {
      return sending->result().error();
    }
    Result<std::string> read = body(*sending->result());
    return read ? std::nullopt : std::optional(read.error());
  }
};

TEST_F(ClientErrorsTest, UnusablePeersAreTypedAndNeverReused) {
  struct Case {
    std::string what;
    std::string answer;
    std::optional<ErrorKind> kind;
  };
  using K = ErrorKind;
  std::string tiny;
  for (std::uint32_t i = 0; i < 2 * kChunkExcess; ++i) {
    tiny += "1\r\na\r\n";
  }
  const std::vector<Case> cases = {
      {"nothing", "", K::kUpstreamClosed},
      {"half a head", "HTTP/1.1 200 OK\r\nContent-", K::kUpstreamClosed},
      {"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", K::kUpstreamClosed},
      {"half a chunk", chunkedAnswer("5\r\nabc"), K::kUpstreamClosed},
      {"no last chunk", chunkedAnswer("3\r\nabc\r\n"), K::kUpstreamClosed},
      {"half a trailer", chunkedAnswer("0\r\nX: "), K::kUpstreamClosed},
      {"rubbish", "SSH-2.0-OpenSSH_9.2p1\r\n", K::kUpstreamInvalid},
      {"binary rubbish", "\x15\x03\x01", K::kUpstreamInvalid},
      {"rubbish with an end", "hello\r\n\r\n", K::kUpstreamInvalid},
      {"endless head", "HTTP/1.1 200 OK\r\nX: " + std::string(4000, 'x'), K::kUpstreamInvalid},
      {"endless status line", "HTTP/1.1 200 " + std::string(4000, 'x'), K::kUpstreamInvalid},
      {"two lengths",
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
       K::kUpstreamInvalid},
      {"204 with a body",
       "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc",
       K::kUpstreamInvalid},
      {"switch nobody asked for", "HTTP/1.1 101 Switching Protocols\r\n\r\n", K::kUpstreamInvalid},
      {"broken chunk", chunkedAnswer("xyz\r\n"), K::kUpstreamInvalid},
      {"chunk size overflow", chunkedAnswer("ffffffffffffffffff\r\n"), K::kUpstreamInvalid},
      {"chunk extension bomb",
       chunkedAnswer("3;" + std::string(2000, 'x') + "\r\n"),
       K::kUpstreamInvalid},
      {"one-byte chunks", chunkedAnswer(tiny), K::kUpstreamInvalid},
      {"more than its length", lengthAnswer("abc") + "def", std::nullopt},
      {"bytes behind a 204", "HTTP/1.1 204 No Content\r\n\r\nabc", std::nullopt},
      {"two answers", lengthAnswer("abc") + lengthAnswer("def"), std::nullopt},
  };
  for (const Case& each : cases) {
    connect();
    std::optional<Error> error = errorOf(each.answer);
    ASSERT_EQ(error.has_value(), each.kind.has_value()) << each.what;
    if (error) {
      EXPECT_EQ(toString(error->kind()), toString(*each.kind)) << each.what;
      EXPECT_EQ(error->origin(), Origin::kUpstream) << each.what;
      EXPECT_EQ(error->retry(), Retry::kNever) << each.what;
    }
    EXPECT_FALSE(client->reusable()) << each.what;
  }
}

TEST_F(ClientErrorsTest, EndlessInterimResponsesAreRefused) {
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "HTTP/1.1 100 Continue\r\n\r\n";
  }
  std::optional<Error> error = errorOf(many);
  EXPECT_EQ(error->kind(), ErrorKind::kUpstreamInvalid);
  EXPECT_EQ(error->detail(), "more than 16 interim responses and no final one");
}

TEST_F(ClientErrorsTest, AnAnswerOverItsLimitsIsNotToldAsARequest) {
  std::string fields;
  for (int i = 0; i < 20; ++i) {
    fields += "X: 1\r\n";
  }
  const std::vector<std::string> answers = {
      "HTTP/1.1 200 " + std::string(4000, 'x'),
      "HTTP/1.1 200 OK\r\nX: " + std::string(4000, 'x'),
      "HTTP/1.1 200 OK\r\n" + fields + "\r\n",
      chunkedAnswer("0\r\nX: " + std::string(4000, 'x')),
  };
  for (const std::string& answer : answers) {
    connect();
    EXPECT_EQ(
        errorOf(answer)->detail(),
        "malformed HTTP/1.1 message: status line or field section over its limit"
    ) << answer.substr(0, 32);
  }
}

TEST_F(ClientErrorsTest, SilentEndOfAReusedConnectionMayBeRetried) {
  useOnce();
  std::optional<Error> error = errorOf("");
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), ErrorKind::kUpstreamClosed);
  EXPECT_EQ(error->retry(), Retry::kIfReused);
}

TEST_F(ClientErrorsTest, OneByteOfAnswerForbidsTheRetry) {
  useOnce();
  EXPECT_EQ(errorOf("H")->retry(), Retry::kNever);
}

TEST_F(ClientErrorsTest, ConnectionClosedBeforeSendingMayBeRetried) {
  useOnce();
  upstream->close();
  ClientRequest request = get();
  auto sending = send(request);
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kUpstreamClosed);
  EXPECT_EQ(sending->result().error().retry(), Retry::kIfReused);
}

TEST_F(ClientErrorsTest, AnswerSentBeforeClosingIsStillRead) {
  ClientRequest request = post();
  request.slices = {Chunk::own(std::string(8 << 20, 'x'))};
  auto sending = send(request);
  upstream->send("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_TRUE(Running(loop, upstream->stream().shutdownWrite()).done());
  ASSERT_TRUE(sending->done());
  ASSERT_TRUE(sending->result().has_value());
  EXPECT_EQ(sending->result()->head.status, 400);
  EXPECT_EQ(body(*sending->result()), "no");
}

TEST_F(ClientErrorsTest, IdleConnectionThatBreaksIsNoticed) {
  useOnce();
  EXPECT_FALSE(client->broken().requested());
  upstream->close();
  loop.settle();
  EXPECT_TRUE(client->broken().requested());
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientErrorsTest, FreshConnectionThatBreaksIsNoticed) {
  upstream->close();
  loop.settle();
  EXPECT_TRUE(client->broken().requested());
}

TEST_F(ClientErrorsTest, IdleConnectionThatSpeaksIsNotReused) {
  useOnce();
  upstream->send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  loop.settle();
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientErrorsTest, BusyConnectionIsNotBroken) {
  Result<ClientResponse> response = exchange("HTTP/1.1 200 OK\r\n\r\nabc");
  upstream->close();
  loop.settle();
  EXPECT_FALSE(client->broken().requested());
  EXPECT_EQ(body(*response), "abc");
}

TEST_F(ClientErrorsTest, SlowHeadIsATimeout) {
  ClientRequest request = get();
  auto sending = send(request);
  loop.wait(Seconds(4));
  upstream->send("HTTP/1.1 200 OK\r\n");
  loop.wait(Seconds(2));
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kTimeout);
  EXPECT_EQ(sending->result().error().origin(), Origin::kUpstream);
  EXPECT_EQ(sending->result().error().retry(), Retry::kNever);
}

TEST_F(ClientErrorsTest, SilenceWithinABodyIsATimeout) {
  Result<ClientResponse> response = exchange(chunkedAnswer("3\r\nabc\r\n"));
  Running<Result<std::string>> reading(loop, readAll(response->body.source()));
  loop.wait(Seconds(2));
  upstream->send("1\r\nd\r\n");
  loop.wait(Seconds(2));
  EXPECT_FALSE(reading.done());
  loop.wait(Seconds(2));
  ASSERT_TRUE(reading.done());
  EXPECT_EQ(reading.result().error().kind(), ErrorKind::kTimeout);
}

TEST_F(ClientErrorsTest, SilenceWakesWhoAskedUntilItIsATimeout) {
  Result<ClientResponse> response = exchange(chunkedAnswer("3\r\none\r\n"));
  ASSERT_TRUE(response.has_value());
  BodySource* source = response->body.source();
  const Nanos third = limits_.idle_timeout / 3;
  source->wakeInSilence(third);
  EXPECT_EQ(pull(*source), "one");
  auto silent = [&] {
    Running<Result<Piece>> pulling(loop, source->pull());
    loop.wait(third);
    return pulling.done() && pulling.result() && pulling.result()->bytes.empty() &&
           !pulling.result()->end;
  };
  EXPECT_TRUE(silent());
  EXPECT_TRUE(silent());
  upstream->send("3\r\ntwo\r\n");
  EXPECT_EQ(pull(*source), "two");
  EXPECT_TRUE(silent());
  EXPECT_TRUE(silent());
  Running<Result<Piece>> last(loop, source->pull());
  loop.wait(third + Millis(1));
  ASSERT_TRUE(last.done());
  EXPECT_EQ(last.result().error().kind(), ErrorKind::kTimeout);
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientErrorsTest, UpstreamThatTakesNothingIsATimeout) {
  ClientRequest request = post();
  request.slices = {Chunk::own(std::string(8 << 20, 'x'))};
  auto sending = send(request);
  loop.wait(Seconds(3));
  EXPECT_FALSE(sending->done());
  loop.wait(Seconds(2));
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kTimeout);
}

TEST_F(ClientErrorsTest, StreamThatFailsIsNotTheUpstreamsFault) {
  ClientRequest request = post();
  auto source = std::make_unique<ScriptedBody>(std::vector<std::string>{"abc"});
  source->breaksOff();
  request.stream = Body(std::move(source));
  auto sending = send(request);
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kPeerClosed);
  EXPECT_EQ(sending->result().error().origin(), Origin::kDownstream);
  EXPECT_FALSE(client->reusable());
}

TEST_F(ClientErrorsTest, StreamIsHeldToItsLength) {
  for (std::uint64_t length : {2U, 4U}) {
    connect();
    ClientRequest request = post();
    request.stream = Body(std::make_unique<ScriptedBody>(std::vector<std::string>{"abc"}, length));
    auto sending = send(request);
    ASSERT_TRUE(sending->done());
    EXPECT_EQ(sending->result().error().kind(), ErrorKind::kInternal);
  }
}

TEST_F(ClientErrorsTest, EveryWaitCanBeCancelled) {
  {
    ClientRequest request = get();
    auto awaiting = send(request);
    awaiting->cancel();
    EXPECT_EQ(awaiting->result().error().kind(), ErrorKind::kCancelled);
    EXPECT_FALSE(client->reusable());
  }
  {
    connect();
    ClientRequest request = post();
    request.slices = {Chunk::own(std::string(8 << 20, 'x'))};
    auto writing = send(request);
    writing->cancel();
    EXPECT_EQ(writing->result().error().kind(), ErrorKind::kCancelled);
  }
  {
    connect();
    Result<ClientResponse> response = exchange(chunkedAnswer(""));
    Running<Result<std::string>> reading(loop, readAll(response->body.source()));
    reading.cancel();
    EXPECT_EQ(reading.result().error().kind(), ErrorKind::kCancelled);
    response->body = {};
    EXPECT_FALSE(client->reusable());
  }
}

}  // namespace
}  // namespace gatehouse::http
