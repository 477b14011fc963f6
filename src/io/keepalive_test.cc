#include "io/keepalive.h"

#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <sys/socket.h>
#include <utility>

#include <gtest/gtest.h>

#include "io/connect.h"
#include "io/deadline.h"
#include "io/listener.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "io/socket_address.h"
#include "io/task.h"
#include "io/tcp.h"

namespace gatehouse::io {
namespace {

int optionOf(int fd, int level, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  EXPECT_EQ(::getsockopt(fd, level, name, &value, &length), 0);
  return value;
}

/// What a descriptor has, as it was set; nothing where it is off.
std::optional<Keepalive> keepaliveOf(int fd) {
  if (optionOf(fd, SOL_SOCKET, SO_KEEPALIVE) == 0) {
    return std::nullopt;
  }
  return Keepalive{
      .time = Seconds(optionOf(fd, IPPROTO_TCP, TCP_KEEPIDLE)),
      .interval = Seconds(optionOf(fd, IPPROTO_TCP, TCP_KEEPINTVL)),
      .probes = static_cast<unsigned>(optionOf(fd, IPPROTO_TCP, TCP_KEEPCNT)),
  };
}

/// The descriptor of a connection of this process.
int descriptorOf(const TcpStream& stream) {
  constexpr int kMany = 256;
  for (int fd = 0; fd < kMany; ++fd) {
    SocketAddress remote;
    if (::getpeername(fd, remote.get(), &remote.length) == 0 &&
        fromSystem(remote.get()) == stream.peer().remote &&
        localAddressOf(fd) == stream.peer().local) {
      return fd;
    }
  }
  return -1;
}

class KeepaliveTest : public testing::Test {
 protected:
  std::unique_ptr<TcpStream> connect(ConnectOptions options) {
    auto stream = runTask(reactor_, connectAny(reactor_, {listener_->local()}, options));
    EXPECT_TRUE(stream.has_value());
    return *std::move(stream);
  }

  Reactor reactor_;
  std::unique_ptr<Listener> listener_ =
      *Listener::start(reactor_, std::move(openListenSockets(Address::loopback(0), 1)->front()));
};

TEST_F(KeepaliveTest, AConnectionHasWhatItWasOpenedWith) {
  const Keepalive wished{.time = Seconds(30), .interval = Seconds(5), .probes = 3};
  const auto stream = connect({.keepalive = wished});
  EXPECT_EQ(keepaliveOf(descriptorOf(*stream)), wished);
}

TEST_F(KeepaliveTest, OursIsThatOfUpstreams) {
  const auto stream = connect({});
  EXPECT_EQ(keepaliveOf(descriptorOf(*stream)), kUpstreamKeepalive);
}

TEST_F(KeepaliveTest, AnAcceptedConnectionGetsIt) {
  const auto client = connect({});
  const auto accept = [](Listener& listener) -> Task<Listener::Accepted> {
    co_return co_await listener.accept();
  };
  const auto server = runTask(reactor_, accept(*listener_));
  ASSERT_TRUE(server.has_value());
  const int fd = descriptorOf(**server);
  ASSERT_TRUE(keepaliveOf(fd)) << "it inherits that it is on, and the times are the system's";
  EXPECT_NE(keepaliveOf(fd), Keepalive{});
  (*server)->setKeepalive({});
  EXPECT_EQ(keepaliveOf(fd), Keepalive{});
}

TEST_F(KeepaliveTest, TimesAreWholeSecondsWithinWhatTheSystemTakes) {
  const auto stream = connect({});
  stream->setKeepalive({.time = Millis(1001), .interval = Seconds(100'000), .probes = 1});
  const Keepalive expected{.time = Seconds(2), .interval = kMaxKeepaliveTime, .probes = 1};
  EXPECT_EQ(keepaliveOf(descriptorOf(*stream)), expected);
}

TEST_F(KeepaliveTest, AUnixSocketWorksWithoutIt) {
  auto pair = connectedPair(reactor_);
  ASSERT_TRUE(pair.has_value());
  pair->first->setKeepalive({});
  const auto send = [](Stream& stream) -> Task<Result<void>> {
    co_return co_await stream.write("x");
  };
  EXPECT_TRUE(runTask(reactor_, send(*pair->first)).has_value());
}

}  // namespace
}  // namespace gatehouse::io
