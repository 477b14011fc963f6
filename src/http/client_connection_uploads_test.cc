// Upstreams that speak, or leave, while the sender of the request's body pauses.
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "http/client_for_test.h"
#include "io/tls/tls_authority.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_stream.h"

namespace gatehouse::http {
namespace {

/// A request whose head and first piece have left; its sender pauses within the body.
class PausedUploadTest : public testing::Test, protected ClientScene {
 protected:
  PausedUploadTest() { begin(); }

  void begin() {
    request = post();
    auto source = std::make_unique<PausedBody>(loop.reactor);
    paused = source.get();
    request.stream = Body(std::move(source));
    sending = send(request);
    paused->give("abc");
    loop.settle();
    EXPECT_TRUE(upstream->take().ends_with("\r\n\r\n3\r\nabc\r\n"));
    EXPECT_FALSE(sending->done());
  }

  ClientRequest request = post();
  PausedBody* paused = nullptr;
  std::unique_ptr<Sending> sending;
};

TEST_F(PausedUploadTest, AnswerWhileTheBodyPausesIsNotKeptWaiting) {
  upstream->send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
  loop.settle();
  ASSERT_TRUE(sending->done());
  ASSERT_TRUE(sending->result().has_value());
  EXPECT_EQ(sending->result()->head.status, 413);
  EXPECT_EQ(body(*sending->result()), "big");
  sending->result()->body = {};
  EXPECT_FALSE(client->reusable());
  loop.settle();
  EXPECT_EQ(upstream->take(), "") << "no end of the body was made up";
  EXPECT_TRUE(upstream->ended());
}

TEST_F(PausedUploadTest, AnswerInTwoPartsWhileTheBodyPauses) {
  upstream->send("HTTP/1.1 401 Unautho");
  loop.settle();
  EXPECT_FALSE(sending->done());
  upstream->send("rized\r\nContent-Length: 0\r\n\r\n");
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result()->head.status, 401);
  EXPECT_FALSE(client->reusable());
}

TEST_F(PausedUploadTest, UpstreamThatLeavesWhileTheBodyPausesIsNoticed) {
  upstream->close();
  loop.settle();
  ASSERT_TRUE(sending->done());
  ASSERT_FALSE(sending->result().has_value());
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kUpstreamClosed);
  EXPECT_EQ(sending->result().error().retry(), Retry::kNever);
  EXPECT_FALSE(client->reusable());
}

TEST_F(PausedUploadTest, AnswerAndEndWhileTheBodyPauses) {
  upstream->send("HTTP/1.1 413 Content Too Large\r\n\r\nbig");
  upstream->close();
  loop.settle();
  ASSERT_TRUE(sending->done());
  ASSERT_TRUE(sending->result().has_value());
  EXPECT_EQ(body(*sending->result()), "big");
}

TEST_F(PausedUploadTest, InterimAnswerWhileTheBodyPausesLetsItGoOn) {
  upstream->send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
  loop.settle();
  EXPECT_FALSE(sending->done());
  paused->give("de");
  loop.settle();
  EXPECT_EQ(upstream->take(), "2\r\nde\r\n");
  upstream->send("HTTP/1.1 103 Early Hints\r\n\r\n");
  loop.settle();
  paused->give("f");
  paused->end();
  loop.settle();
  EXPECT_EQ(upstream->take(), "1\r\nf\r\n0\r\n\r\n");
  upstream->send(lengthAnswer("ok"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(body(*sending->result()), "ok");
  sending->result()->body = {};
  EXPECT_TRUE(client->reusable());
}

TEST_F(PausedUploadTest, EarlySuccessIsReadBesideTheUpload) {
  upstream->send(chunkedAnswer("3\r\none\r\n"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  BodySource* reply = sending->result()->body.source();
  EXPECT_EQ(pull(*reply), "one");
  Running<Result<std::string>> second(loop, readPiece(reply));
  paused->give("de");
  loop.settle();
  EXPECT_EQ(upstream->take(), "2\r\nde\r\n");
  EXPECT_FALSE(second.done());
  upstream->send("3\r\ntwo\r\n");
  loop.settle();
  ASSERT_TRUE(second.done());
  EXPECT_EQ(second.result(), "two");
  Running<Result<std::string>> rest(loop, readAll(reply));
  paused->end();
  loop.settle();
  EXPECT_EQ(upstream->take(), "2\r\nde\r\n0\r\n\r\n");
  upstream->send("5\r\nthree\r\n0\r\n\r\n");
  loop.settle();
  ASSERT_TRUE(rest.done());
  EXPECT_EQ(rest.result(), "three");
  sending->result()->body = {};
  EXPECT_TRUE(client->reusable());
}

TEST_F(PausedUploadTest, ContentThatComesWithTheEndIsNotHeldBackWithIt) {
  upstream->send(chunkedAnswer("3\r\none\r\n0\r\n\r\n"));
  loop.settle();
  ASSERT_TRUE(sending->done());
  BodySource* reply = sending->result()->body.source();
  EXPECT_TRUE(reply->ready());
  EXPECT_EQ(pull(*reply), "one");
  Running<Result<Piece>> end(loop, reply->pull());
  EXPECT_FALSE(end.done());
  paused->give("f");
  paused->end();
  loop.settle();
  ASSERT_TRUE(end.done());
  EXPECT_TRUE(end.result()->end && end.result()->bytes.empty());
}

TEST_F(PausedUploadTest, EndOfAnEarlySuccessWaitsForTheUpload) {
  for (std::string_view at_once : {"", "ok"}) {
    SCOPED_TRACE(at_once);
    upstream->send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + std::string(at_once));
    loop.settle();
    ASSERT_TRUE(sending->done());
    BodySource* reply = sending->result()->body.source();
    EXPECT_FALSE(reply->ready());
    Running<Result<Piece>> end(loop, reply->pull());
    upstream->send(at_once.empty() ? "ok" : "");
    loop.settle();
    EXPECT_FALSE(end.done()) << "the client would take its upload for done";
    paused->give("f");
    paused->end();
    loop.settle();
    EXPECT_EQ(upstream->take(), "1\r\nf\r\n0\r\n\r\n");
    ASSERT_TRUE(end.done());
    EXPECT_EQ(end.result()->bytes, "ok");
    EXPECT_TRUE(end.result()->end);
    sending->result()->body = {};
    EXPECT_TRUE(client->reusable());
    begin();
  }
}

TEST_F(PausedUploadTest, EarlySuccessWithoutABodyWaitsForTheUpload) {
  upstream->send("HTTP/1.1 204 No Content\r\n\r\n");
  loop.settle();
  EXPECT_FALSE(sending->done()) << "the client would take its upload for done";
  paused->give("f");
  paused->end();
  loop.settle();
  EXPECT_EQ(upstream->take(), "1\r\nf\r\n0\r\n\r\n");
  ASSERT_TRUE(sending->done());
  EXPECT_EQ(sending->result()->head.status, 204);
  EXPECT_TRUE(request.sent.has_value());
  EXPECT_TRUE(client->reusable());
}

TEST_F(PausedUploadTest, EarlySuccessOfAnUpstreamThatLeavesIsKept) {
  upstream->send("HTTP/1.1 200 OK\r\n\r\nok");
  loop.settle();
  upstream->close();
  ASSERT_TRUE(sending->done());
  ASSERT_TRUE(sending->result().has_value());
  EXPECT_EQ(body(*sending->result()), "ok");
  sending->result()->body = {};
  EXPECT_FALSE(client->reusable());
}

TEST_F(PausedUploadTest, UploadThatFailsFailsTheAnswerBesideIt) {
  upstream->send(chunkedAnswer("3\r\none\r\n"));
  loop.settle();
  BodySource* reply = sending->result()->body.source();
  EXPECT_EQ(pull(*reply), "one");
  Running<Result<Piece>> next(loop, reply->pull());
  paused->breakOff();
  loop.settle();
  ASSERT_TRUE(next.done());
  ASSERT_FALSE(next.result().has_value());
  EXPECT_EQ(next.result().error().kind(), ErrorKind::kPeerClosed);
  EXPECT_EQ(next.result().error().origin(), Origin::kDownstream);
  sending->result()->body = {};
  EXPECT_FALSE(client->reusable());
}

TEST_F(PausedUploadTest, AnswerBesideAnUploadHasItsTimeAfterIt) {
  upstream->send(chunkedAnswer("3\r\none\r\n"));
  loop.settle();
  BodySource* reply = sending->result()->body.source();
  EXPECT_EQ(pull(*reply), "one");
  Running<Result<Piece>> next(loop, reply->pull());
  loop.wait(limits_.idle_timeout);
  EXPECT_FALSE(next.done()) << "the upload may take long";
  paused->give("f");
  paused->end();
  loop.settle();
  EXPECT_FALSE(next.done());
  loop.wait(limits_.idle_timeout);
  ASSERT_TRUE(next.done());
  EXPECT_EQ(next.result().error().kind(), ErrorKind::kTimeout);
}

TEST_F(PausedUploadTest, AnswerGivenUpGivesUpTheUpload) {
  upstream->send(chunkedAnswer("3\r\none\r\n"));
  loop.settle();
  EXPECT_EQ(pull(*sending->result()->body.source()), "one");
  {
    Running<Result<Piece>> given_up(loop, sending->result()->body.source()->pull());
  }
  sending->result()->body = {};
  EXPECT_FALSE(client->reusable());
  loop.settle();
  upstream->take();
  EXPECT_TRUE(upstream->ended());
}

TEST_F(PausedUploadTest, EarlySuccessIsNothingToAClientThatLeaves) {
  upstream->send("HTTP/1.1 204 No Content\r\n\r\n");
  loop.settle();
  sending->cancel();
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kCancelled);
  EXPECT_FALSE(client->reusable());
}

TEST_F(PausedUploadTest, PausedBodyCanBeCancelled) {
  sending->cancel();
  EXPECT_EQ(sending->result().error().kind(), ErrorKind::kCancelled);
  EXPECT_FALSE(client->reusable());
}

// What comes first over TLS are session tickets: they are nothing the upstream said.
TEST(PausedTlsUploadTest, AnswerIsHeardAndTicketsAreNoAnswer) {
  TestLoop loop;
  auto pair = io::connectedPair(loop.reactor);
  ASSERT_TRUE(pair.has_value());
  io::IssuedCertificate issued = io::TestAuthority().issue({.names = {"up"}});
  io::TlsServerOptions options;
  options.certificates.push_back(
      {.certificate_pem = issued.certificate_pem, .key_pem = issued.key_pem, .names = {"up"}}
  );
  using Made = Result<std::unique_ptr<io::Stream>>;
  std::unique_ptr<io::Stream> below = std::move(pair->second);
  Running<Made> far(
      loop,
      io::acceptTls(*io::TlsServerConfig::create(std::move(options)), below, io::Deadline::never())
  );
  Running<Made> near(
      loop,
      io::connectTls(
          *io::TlsClientConfig::create({.verify = io::TlsVerify::kSkipAll}),
          std::move(pair->first),
          {.server_name = "up", .verified_names = {"up"}},
          io::Deadline::never()
      )
  );
  loop.settle();
  ASSERT_TRUE(far.done() && far.result().has_value());
  ASSERT_TRUE(near.done() && near.result().has_value());
  io::Stream& upstream = **far.result();
  auto client = clientHttp1(loop.reactor, *std::move(near.result()), {});

  ClientRequest request = ClientScene::post();
  auto source = std::make_unique<PausedBody>(loop.reactor);
  PausedBody* paused = source.get();
  request.stream = Body(std::move(source));
  Running<Result<ClientResponse>> sending(loop, client->send(request));
  paused->give("abc");
  loop.settle();
  EXPECT_FALSE(sending.done());
  std::array<std::string_view, 1> hint = {"HTTP/1.1 103 Early Hints\r\n\r\n"};
  upstream.tryWritev(hint, 0);
  loop.settle();
  EXPECT_FALSE(sending.done());
  std::array<std::string_view, 1> answer = {
      "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"
  };
  upstream.tryWritev(answer, 0);
  loop.settle();
  ASSERT_TRUE(sending.done());
  ASSERT_TRUE(sending.result().has_value());
  EXPECT_EQ(sending.result()->head.status, 413);
  EXPECT_FALSE(client->reusable());
}

}  // namespace
}  // namespace gatehouse::http
