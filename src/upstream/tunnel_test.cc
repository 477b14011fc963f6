#include "upstream/tunnel.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "io/gate.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/tcp.h"

namespace gatehouse::upstream {
namespace {

class TunnelTest : public testing::Test {
 protected:
  TunnelTest() {
    auto pair = io::connectedPair(reactor_);
    proxy_ = std::move(pair->first);
    ours_ = std::move(pair->second);
  }

  static io::Task<Result<void>> write(io::Stream& stream, std::string_view bytes) {
    co_return co_await stream.write(bytes);
  }
  static io::Task<Result<std::string>> read(io::Stream& stream) {
    GATEHOUSE_CO_TRY(io::ReadLoan loan, co_await stream.read());
    co_return std::string(loan.bytes());
  }
  /// The outcome when the proxy has said this.
  Result<void> after(std::string_view answer, const crypto::SecretText* authorization = nullptr) {
    EXPECT_TRUE(io::runTask(reactor_, write(*proxy_, answer)).has_value());
    return io::runTask(
        reactor_, askForTunnel(*ours_, "api.example:443", authorization, "proxy.example:3128")
    );
  }
  Error errorAfter(std::string_view answer) {
    auto asked = after(answer);
    EXPECT_FALSE(asked.has_value());
    return asked ? Error(ErrorKind::kInternal, Origin::kGateway, "none") : asked.error();
  }
  std::string asked() { return io::runTask(reactor_, read(*proxy_)).value(); }

  io::Reactor reactor_;
  std::unique_ptr<io::TcpStream> proxy_;
  std::unique_ptr<io::TcpStream> ours_;
};

TEST_F(TunnelTest, IsAskedForByNameAndPort) {
  ASSERT_TRUE(after("HTTP/1.1 200 Connection established\r\n\r\n").has_value());
  EXPECT_EQ(asked(), "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\n\r\n");
}

TEST_F(TunnelTest, CredentialsGoAlong) {
  const auto secret = crypto::SecretText::copyOf("Basic dTpw");
  ASSERT_TRUE(after("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", &secret).has_value());
  EXPECT_TRUE(asked().contains("\r\nProxy-Authorization: Basic dTpw\r\n"));
}

TEST_F(TunnelTest, InterimAnswersArePassedOver) {
  EXPECT_TRUE(after("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n").has_value());
}

TEST_F(TunnelTest, ARefusalIsTold) {
  const Error error = errorAfter("HTTP/1.1 407 Proxy Authentication Required\r\n\r\nbody");
  EXPECT_EQ(error.kind(), ErrorKind::kUpstreamInvalid);
  EXPECT_EQ(
      error.detail(),
      "proxy proxy.example:3128 answered 407 (it wants credentials, or others) to CONNECT "
      "api.example:443"
  );
  EXPECT_EQ(error.retry(), Retry::kNever);
}

TEST_F(TunnelTest, AnUpstreamThatTheProxyDoesNotReachInTimeIsATimeout) {
  const Error error = errorAfter("HTTP/1.1 504 Gateway Timeout\r\n\r\n");
  EXPECT_EQ(error.kind(), ErrorKind::kTimeout);
  EXPECT_EQ(error.origin(), Origin::kUpstream);
  EXPECT_EQ(error.retry(), Retry::kYes);
}

TEST_F(TunnelTest, WhatIsNoAnswerIsNone) {
  for (const std::string_view bytes :
       {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 200 OK\n\n", "HTTP/1.1 200 OK\r\n\r\nmore"}) {
    auto pair = io::connectedPair(reactor_);
    proxy_ = std::move(pair->first);
    ours_ = std::move(pair->second);
    EXPECT_EQ(errorAfter(bytes).kind(), ErrorKind::kUpstreamInvalid) << bytes;
  }
}

TEST_F(TunnelTest, AnEndIsNoAnswer) {
  EXPECT_TRUE(io::runTask(reactor_, write(*proxy_, "HTTP/1.1 200 OK\r\n")).has_value());
  proxy_->close();
  const auto asked =
      io::runTask(reactor_, askForTunnel(*ours_, "api.example:443", nullptr, "proxy.example:3128"));
  ASSERT_FALSE(asked.has_value());
}

}  // namespace
}  // namespace gatehouse::upstream
