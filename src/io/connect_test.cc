#include "io/connect.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/address.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/listener.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "io/socket_address.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/tcp.h"

namespace gatehouse::io {
namespace {

using Connection = Result<std::unique_ptr<TcpStream>>;

std::unique_ptr<Listener> listenAnywhere(Reactor& reactor, Address address = Address::loopback(0)) {
  auto sockets = openListenSockets(address, 1);
  return *Listener::start(reactor, std::move(sockets->front()));
}

/// An address of this machine where nobody listens.
Address deadAddress() {
  auto sockets = openListenSockets(Address::loopback(0), 1);
  return sockets->front().local();
}

/// A listening socket that never completes a handshake: its queue is full.
class Mute {
 public:
  Mute() {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SocketAddress address = toSystem(Address::loopback(0));
    EXPECT_EQ(::bind(fd_, address.get(), address.length), 0);
    EXPECT_EQ(::listen(fd_, 0), 0);
    local_ = localAddressOf(fd_);
    SocketAddress target = toSystem(local_);
    for (int& filler : fillers_) {
      filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      ::connect(filler, target.get(), target.length);
    }
  }
  Mute(const Mute&) = delete;
  Mute& operator=(const Mute&) = delete;
  ~Mute() {
    for (int filler : fillers_) {
      ::close(filler);
    }
    ::close(fd_);
  }

  const Address& local() const { return local_; }

 private:
  int fd_ = -1;
  std::array<int, 4> fillers_{};
  Address local_;
};

TEST(Connect, ReachesAListenerAndKnowsBothEnds) {
  Reactor reactor;
  auto listener = listenAnywhere(reactor);
  Connection connection =
      runTask(reactor, connectTcp(reactor, listener->local(), Deadline::never()));
  ASSERT_TRUE(connection.has_value());
  EXPECT_EQ((*connection)->peer().remote, listener->local());
  EXPECT_TRUE((*connection)->peer().local.isLoopback());
  EXPECT_NE((*connection)->peer().local.port(), 0);
  EXPECT_EQ((*connection)->side(), Origin::kUpstream);
}

TEST(Connect, RefusedIsToldWithTheAddress) {
  Reactor reactor;
  Address dead = deadAddress();
  Connection connection = runTask(reactor, connectTcp(reactor, dead, Deadline::never()));
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error().kind(), ErrorKind::kConnectRefused);
  EXPECT_EQ(connection.error().retry(), Retry::kYes);
  EXPECT_NE(connection.error().detail().find(dead.format()), std::string::npos);
}

TEST(Connect, GivesUpAtItsDeadline) {
  ManualClock clock;
  Reactor reactor({.clock = &clock});
  Mute mute;
  Gate gate(reactor);
  Stop stop;
  std::optional<Connection> out;
  auto attempt = [](Reactor& loop, Address to, std::optional<Connection>& result) -> Task<void> {
    result.emplace(co_await connectTcp(loop, to, Deadline::after(loop, Seconds(3))));
  };
  spawn(gate, attempt(reactor, mute.local(), out), stop);
  reactor.turn(Nanos::zero());
  clock.advance(Seconds(3));
  reactor.turn(Nanos::zero());
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->error().kind(), ErrorKind::kConnectTimeout);
}

TEST(Connect, IsCancelled) {
  Reactor reactor;
  Mute mute;
  for (std::size_t count : {1u, 3u}) {
    Gate gate(reactor);
    Stop stop;
    std::optional<Connection> out;
    auto attempt = [](Reactor& loop, std::vector<Address> to, std::optional<Connection>& result
                   ) -> Task<void> {
      result.emplace(co_await connectAny(loop, std::move(to), {}));
    };
    spawn(gate, attempt(reactor, std::vector(count, mute.local()), out), stop);
    reactor.turn(Nanos::zero());
    EXPECT_FALSE(out.has_value());
    stop.request();
    while (gate.inside() > 0) {
      reactor.turn(Seconds(1));
    }
    ASSERT_TRUE(out.has_value());
    EXPECT_EQ(out->error().kind(), ErrorKind::kCancelled);
  }
}

TEST(ConnectAny, GoesOnAfterAFailure) {
  Reactor reactor;
  auto listener = listenAnywhere(reactor);
  std::vector<Address> addresses{deadAddress(), listener->local()};
  ConnectOptions patient{.attempt_delay = std::chrono::hours(1)};
  Connection connection = runTask(reactor, connectAny(reactor, addresses, patient));
  ASSERT_TRUE(connection.has_value()) << "a refusal starts the next attempt at once";
  EXPECT_EQ((*connection)->peer().remote, listener->local());
}

TEST(ConnectAny, RacesASlowAddress) {
  ManualClock clock;
  Reactor reactor({.clock = &clock});
  Mute mute;
  auto listener = listenAnywhere(reactor);
  Gate gate(reactor);
  Stop stop;
  std::optional<Connection> out;
  auto attempt = [](Reactor& loop, std::vector<Address> to, std::optional<Connection>& result
                 ) -> Task<void> { result.emplace(co_await connectAny(loop, std::move(to), {})); };
  spawn(gate, attempt(reactor, {mute.local(), listener->local()}, out), stop);
  reactor.turn(Nanos::zero());
  EXPECT_FALSE(out.has_value());
  clock.advance(Millis(250));
  while (!out) {
    reactor.turn(Millis(10));
  }
  EXPECT_EQ((**out)->peer().remote, listener->local());
  EXPECT_EQ(reactor.timers().size(), 0u);
  while (gate.inside() > 0) {
    reactor.turn(Millis(10));
  }
}

TEST(ConnectAny, TellsTheFirstErrorWhenAllFail) {
  Reactor reactor;
  Address first = deadAddress();
  Connection connection =
      runTask(reactor, connectAny(reactor, {first, deadAddress(), deadAddress()}, {}));
  ASSERT_FALSE(connection.has_value());
  EXPECT_EQ(connection.error().kind(), ErrorKind::kConnectRefused);
  EXPECT_NE(connection.error().detail().find(first.format()), std::string::npos);
}

}  // namespace
}  // namespace gatehouse::io
