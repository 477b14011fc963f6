#include "io/tls/tls_stream.h"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/reactor.h"
#include "io/read_loan.h"
#include "io/run_task.h"
#include "io/stream.h"
#include "io/task.h"
#include "io/tcp.h"
#include "io/tls/tls_authority.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_for_test.h"
#include "io/tls/tls_server.h"
#include "io/waiter.h"

namespace gatehouse::io {
namespace {

Task<void> sendAndEnd(Stream& stream, std::string text) {
  std::string_view bytes = text;
  std::array<std::string_view, 4> parts{
      bytes.substr(0, 7), bytes.substr(7, 200'000), "", bytes.substr(200'007)
  };
  EXPECT_TRUE((co_await stream.writev(parts)).has_value());
  EXPECT_TRUE((co_await stream.shutdownWrite()).has_value());
}

class TlsContent : public Tls {
 protected:
  /// So many bytes each way over what was shaken, and both ends of it.
  void carryBothWays(std::size_t size) {
    std::string big(size, '\0');
    for (std::size_t i = 0; i < big.size(); ++i) {
      big[i] = static_cast<char>(i * 131 >> 3);
    }
    Stream& one = ***near;  // optional, Result, pointer
    Stream& two = ***far;
    for (auto [from, to] : {std::pair(&one, &two), std::pair(&two, &one)}) {
      spawn(gate, sendAndEnd(*from, big), stop);
      Result<std::string> received = runTask(reactor, readAll(*to));
      ASSERT_TRUE(received.has_value()) << received.error().chain();
      EXPECT_TRUE(*received == big);
    }
  }
};

TEST_F(Tls, BothSidesKnowNameProtocolAndVersion) {
  auto with_server =
      server({.certificates = {certificateFor({"api.test"})}, .alpn = {"h2", "http/1.1"}});
  shake(with_server, client({.alpn = {"http/1.1", "h2"}}), {.server_name = "api.test"});
  ASSERT_TRUE(near->has_value()) << near->error().chain();
  ASSERT_TRUE(far->has_value()) << far->error().chain();
  EXPECT_EQ((**far)->peer().serverName(), "api.test");
  EXPECT_EQ((**far)->peer().alpn(), "h2") << "the server's preference";
  EXPECT_EQ((**near)->peer().alpn(), "h2");
  EXPECT_EQ((**near)->peer().tls->version, "TLSv1.3");
}

TEST_F(TlsContent, CarriesManyRecordsBothWays) {
  shake(
      server({.certificates = {certificateFor({"api.test"})}}),
      client(),
      {.server_name = "api.test"}
  );
  carryBothWays(3'000'000);
}

TEST_F(TlsContent, CarriesTls) {
  shake(
      server({.certificates = {certificateFor({"proxy.test"})}}),
      client(),
      {.server_name = "proxy.test"}
  );
  std::unique_ptr<Stream> client_end = **std::move(near);
  std::unique_ptr<Stream> server_end = **std::move(far);
  shakeOver(
      std::move(client_end),
      std::move(server_end),
      server({.certificates = {certificateFor({"api.test"})}}),
      client(),
      {.server_name = "api.test"}
  );
  ASSERT_TRUE(near->has_value()) << near->error().chain();
  EXPECT_EQ((**far)->peer().serverName(), "api.test");
  carryBothWays(1'000'000);
}

TEST_F(Tls, ReadIntoSmallBuffersLosesNothing) {
  shake(
      server({.certificates = {certificateFor({"api.test"})}}),
      client(),
      {.server_name = "api.test"}
  );
  std::string text(100'000, 'a');
  for (std::size_t i = 0; i < text.size(); i += 10) {
    text[i] = static_cast<char>('a' + i % 26);
  }
  spawn(gate, sendAndEnd(***near, text + std::string(200'000, 'z')), stop);
  auto readPieces = [](Stream& stream) -> Task<Result<std::string>> {
    std::string all;
    std::array<char, 777> piece{};
    while (true) {
      GATEHOUSE_CO_TRY(std::size_t count, co_await stream.readInto(piece));
      if (count == 0) {
        co_return all;
      }
      all.append(piece.data(), count);
      GATEHOUSE_CO_CHECK_OK(co_await nextTurn(stream.reactor()));  // the scratch buffer is not ours
    }
  };
  EXPECT_EQ(*runTask(reactor, readPieces(***far)), text + std::string(200'000, 'z'));
}

TEST_F(Tls, WaitsAreCancelledAndTheStreamStaysUsable) {
  shake(
      server({.certificates = {certificateFor({"api.test"})}}),
      client(),
      {.server_name = "api.test"}
  );
  Stop only;
  std::optional<Result<std::string>> read;
  auto keepRead = [](Stream& stream, std::optional<Result<std::string>>& out) -> Task<void> {
    out.emplace(co_await readSome(stream));
  };
  spawn(gate, keepRead(***far, read), only);
  reactor.turn(Nanos::zero());
  only.request();
  reactor.turn(Nanos::zero());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->error().kind(), ErrorKind::kCancelled);
  ASSERT_TRUE(runTask(reactor, write(***near, "still here")).has_value());
  EXPECT_EQ(runTask(reactor, readSome(***far)), "still here");
}

TEST_F(Tls, TicketsDoNotMakeAStreamReadable) {
  shake(
      server({.certificates = {certificateFor({"api.test"})}}),
      client(),
      {.server_name = "api.test"}
  );
  reactor.turn(Nanos::zero());
  EXPECT_FALSE((**near)->readable()) << "session tickets arrived, nothing was said";
  ASSERT_TRUE(runTask(reactor, write(***far, "x")).has_value());
  reactor.turn(Nanos::zero());
  EXPECT_TRUE((**near)->readable());
  EXPECT_EQ(runTask(reactor, readSome(***near)), "x") << "looking took nothing away";
  (**far)->close();
  reactor.turn(Nanos::zero());
  EXPECT_TRUE((**near)->readable());
}

TEST_F(Tls, ACutConnectionIsNotACleanEnd) {
  auto pair = connectedPair(reactor);
  TcpStream* raw = pair->second.get();
  near.reset();
  far.reset();
  auto with_server = server({.certificates = {certificateFor({"api.test"})}});
  spawn(
      gate,
      keep(
          connectTls(
              client(), std::move(pair->first), {.server_name = "api.test"}, Deadline::never()
          ),
          near
      ),
      stop
  );
  std::unique_ptr<Stream> below = std::move(pair->second);
  spawn(gate, keep(acceptTls(with_server, below, Deadline::never()), far), stop);
  while (!near || !far) {
    reactor.turn(Seconds(1));
  }
  raw->close();
  Result<std::string> read = runTask(reactor, readAll(***near));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind(), ErrorKind::kPeerClosed);
}

TEST_F(Tls, PeerClosedIsToldWhileNobodyReads) {
  shake(
      server({.certificates = {certificateFor({"api.test"})}}),
      client(),
      {.server_name = "api.test"}
  );
  Stop gone;
  (**far)->onPeerClosed(&gone);
  (**near)->close();
  reactor.turn(Seconds(1));
  EXPECT_TRUE(gone.requested());
}

TEST_F(Tls, RefusalsSayWhyAndForWhom) {
  struct Case {
    TlsServerCertificate certificate;
    std::string words;
  };
  TestAuthority stranger("somebody else");
  IssuedCertificate foreign = stranger.issue({.names = {"api.test"}});
  for (const Case& each : {
           Case{
               certificateFor({"other.test", "*.more.test"}),
               "ostname mismatch (it is for other.test, *.more.test"
           },
           Case{certificateFor({"api.test"}, Seconds(-3600)), "expired"},
           Case{{foreign.certificate_pem, foreign.key_pem, {}}, "issued by CN = somebody else"},
       }) {
    shake(server({.certificates = {each.certificate}}), client(), {.server_name = "api.test"});
    ASSERT_FALSE(near->has_value());
    EXPECT_EQ(near->error().kind(), ErrorKind::kTlsCertificate);
    EXPECT_NE(near->error().detail().find(each.words), std::string::npos) << near->error().detail();
    EXPECT_NE(near->error().detail().find("api.test"), std::string::npos);
    ASSERT_FALSE(far->has_value());
    EXPECT_EQ(far->error().kind(), ErrorKind::kTlsProtocol) << "the alert";
  }
}

TEST_F(Tls, SkippingVerificationIsByDegree) {
  auto wrong_name = server({.certificates = {certificateFor({"other.test"})}});
  shake(wrong_name, client({.verify = TlsVerify::kSkipHostname}), {.server_name = "api.test"});
  EXPECT_TRUE(near->has_value());
  TestAuthority stranger("somebody else");
  IssuedCertificate foreign = stranger.issue({.names = {"x.test"}});
  auto unknown_issuer = server({.certificates = {{foreign.certificate_pem, foreign.key_pem, {}}}});
  shake(unknown_issuer, client({.verify = TlsVerify::kSkipHostname}), {.server_name = "api.test"});
  EXPECT_FALSE(near->has_value());
  shake(unknown_issuer, client({.verify = TlsVerify::kSkipAll}), {.server_name = "api.test"});
  EXPECT_TRUE(near->has_value());
}

TEST_F(Tls, VerifiesAddressesAndASeparateName) {
  auto with_server = server({.certificates = {certificateFor({"127.0.0.1", "real.test"})}});
  shake(with_server, client(), {.server_name = "127.0.0.1"});
  ASSERT_TRUE(near->has_value()) << near->error().chain();
  EXPECT_EQ((**far)->peer().serverName(), "") << "an address is no server name";
  shake(with_server, client(), {.server_name = "sent.test", .verified_names = {"real.test"}});
  ASSERT_TRUE(near->has_value()) << near->error().chain();
  EXPECT_EQ((**far)->peer().serverName(), "sent.test");
}

TEST_F(Tls, OneOfSeveralNamesOrUrisIsEnough) {
  auto with_server = server({.certificates = {certificateFor({"127.0.0.1", "real.test"})}});
  for (const std::string own : {"real.test", "127.0.0.1"}) {
    shake(with_server, client(), {.server_name = "sent.test", .verified_names = {"a.test", own}});
    EXPECT_TRUE(near->has_value()) << own;
  }
  const TlsName none{.server_name = "real.test", .verified_names = {"a.test", "b.test", ""}};
  const TlsName uris{.server_name = "real.test", .verified_uris = {"spiffe://example.org/web"}};
  for (const TlsName& name : {none, uris}) {
    shake(with_server, client(), name);
    ASSERT_FALSE(near->has_value());
    EXPECT_EQ(near->error().kind(), ErrorKind::kTlsCertificate);
    EXPECT_NE(near->error().detail().find("it is for 127.0.0.1, real.test"), std::string::npos)
        << near->error().detail();
  }
}

TEST_F(Tls, TheServerChoosesItsCertificateByName) {
  auto with_server =
      server({.certificates = {certificateFor({"first.test"}), certificateFor({"*.second.test"})}});
  shake(with_server, client(), {.server_name = "a.second.test"});
  EXPECT_TRUE(near->has_value());
  shake(with_server, client(), {.server_name = "A.SECOND.test"});
  EXPECT_TRUE(near->has_value());
  shake(with_server, client(), {.server_name = "a.b.second.test"});
  EXPECT_FALSE(near->has_value());
  shake(with_server, client({.verify = TlsVerify::kSkipHostname}), {.server_name = "unknown.test"});
  EXPECT_TRUE(near->has_value()) << "the first answers for unknown names";
  auto strict = server(
      {.certificates = {certificateFor({"first.test"})},
       .unknown_name = TlsServerOptions::UnknownName::kRefuse}
  );
  shake(strict, client(), {.server_name = "unknown.test"});
  ASSERT_FALSE(near->has_value());
  EXPECT_EQ(near->error().kind(), ErrorKind::kTlsProtocol);
}

TEST_F(Tls, NoCommonProtocolIsRefused) {
  auto with_server = server({.certificates = {certificateFor({"api.test"})}, .alpn = {"h2"}});
  shake(with_server, client({.alpn = {"http/1.1"}}), {.server_name = "api.test"});
  EXPECT_EQ(near->error().kind(), ErrorKind::kTlsProtocol);
  EXPECT_EQ(far->error().kind(), ErrorKind::kTlsProtocol);
}

TEST_F(Tls, ResumesSessions) {
  auto with_server = server({.certificates = {certificateFor({"api.test"})}});
  auto with_client = client();
  shake(with_server, with_client, {.server_name = "api.test"});
  // Tickets come after the handshake, with the first read.
  ASSERT_TRUE(runTask(reactor, write(***far, "hello")).has_value());
  ASSERT_EQ(runTask(reactor, readSome(***near)), "hello");
  // full handshake would not.
  shake(with_server, with_client, {.server_name = "api.test"});
  ASSERT_TRUE(near->has_value());
  EXPECT_TRUE((**near)->peer().tls->resumed);
  shake(with_server, client(), {.server_name = "api.test"});
  EXPECT_FALSE((**near)->peer().tls->resumed);
}

TEST_F(Tls, PlainHttpOnATlsPortIsNamed) {
  for (const char* sent :
       {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "O", "delete / HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n"}) {
    auto pair = connectedPair(reactor);
    ASSERT_TRUE(runTask(reactor, write(*pair->first, sent)).has_value());
    std::unique_ptr<Stream> below = std::move(pair->second);
    Made made = runTask(
        reactor,
        acceptTls(
            server({.certificates = {certificateFor({"api.test"})}}), below, Deadline::never()
        )
    );
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().kind(), ErrorKind::kBadRequest);
    EXPECT_NE(made.error().detail().find("plain HTTP"), std::string::npos) << made.error().detail();
    ASSERT_NE(below, nullptr) << "given back";
    EXPECT_TRUE(runTask(reactor, write(*below, "no")).has_value());
    EXPECT_EQ(runTask(reactor, readSome(*pair->first)), "no") << "and no alert before it";
  }
}

TEST_F(Tls, AServerThatSpeaksNoTlsIsTheServersFault) {
  for (const char* said : {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"}) {
    auto pair = connectedPair(reactor);
    ASSERT_TRUE(runTask(reactor, write(*pair->second, said)).has_value());
    Made made = runTask(
        reactor,
        connectTls(client(), std::move(pair->first), {.server_name = "api.test"}, Deadline::never())
    );
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().kind(), ErrorKind::kTlsProtocol) << said;
  }
}

TEST(TlsHandshake, GivesTheStreamBackAtItsDeadlineOrWhenCancelled) {
  for (ErrorKind expected : {ErrorKind::kTimeout, ErrorKind::kCancelled}) {
    ManualClock clock;
    Reactor reactor({.clock = &clock});
    auto pair = connectedPair(reactor);
    std::unique_ptr<Stream> below = std::move(pair->second);
    Gate gate(reactor);
    Stop stop;
    std::optional<Made> made;
    auto keep = [](Task<Made> task, std::optional<Made>& out) -> Task<void> {
      out.emplace(co_await std::move(task));
    };
    auto config = server({.certificates = {certificateFor({"api.test"})}});
    Deadline deadline = Deadline::after(reactor, Seconds(10));
    spawn(gate, keep(acceptTls(config, below, deadline), made), stop);
    reactor.turn(Nanos::zero());
    EXPECT_EQ(below, nullptr) << "taken";
    if (expected == ErrorKind::kTimeout) {
      clock.advance(Seconds(10));
    } else {
      stop.request();
    }
    reactor.turn(Nanos::zero());
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->error().kind(), expected) << made->error().chain();
    ASSERT_NE(below, nullptr);
    EXPECT_TRUE(runTask(reactor, write(*below, "still there")).has_value());
  }
}

TEST(TlsHandshake, EndsAtItsDeadlineOrWhenCancelledOrLeft) {
  for (ErrorKind expected : {ErrorKind::kTimeout, ErrorKind::kCancelled, ErrorKind::kPeerClosed}) {
    ManualClock clock;
    Reactor reactor({.clock = &clock});
    auto pair = connectedPair(reactor);
    Gate gate(reactor);
    Stop stop;
    std::optional<Made> made;
    auto keep = [](Task<Made> task, std::optional<Made>& out) -> Task<void> {
      out.emplace(co_await std::move(task));
    };
    Deadline deadline = Deadline::after(reactor, Seconds(10));
    spawn(
        gate,
        keep(
            connectTls(client(), std::move(pair->first), {.server_name = "api.test"}, deadline),
            made
        ),
        stop
    );
    reactor.turn(Nanos::zero());
    EXPECT_FALSE(made.has_value());
    if (expected == ErrorKind::kTimeout) {
      clock.advance(Seconds(10));
    } else if (expected == ErrorKind::kCancelled) {
      stop.request();
    } else {
      pair->second->close();
    }
    reactor.turn(Nanos::zero());
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->error().kind(), expected) << made->error().chain();
  }
}

TEST(TlsConfig, RefusesBadMaterial) {
  IssuedCertificate one = authority().issue({.names = {"a.test"}});
  IssuedCertificate two = authority().issue({.names = {"b.test"}});
  auto mismatch =
      TlsServerConfig::create({.certificates = {{one.certificate_pem, two.key_pem, {}}}});
  ASSERT_FALSE(mismatch.has_value());
  EXPECT_EQ(mismatch.error().kind(), ErrorKind::kInvalidConfiguration);
  EXPECT_FALSE(TlsServerConfig::create({}).has_value());
  EXPECT_FALSE(TlsServerConfig::create({.certificates = {{"junk", "junk", {}}}}).has_value());
  EXPECT_FALSE(TrustStore::fromPem("junk").has_value());
  EXPECT_FALSE(TlsClientConfig::create({}).has_value()) << "no trust, no verification";
}

}  // namespace
}  // namespace gatehouse::io
