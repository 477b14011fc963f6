#include "io/listener.h"

#include <fcntl.h>
#include <memory>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/address.h"
#include "io/connect.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/tcp.h"

namespace gatehouse::io {
namespace {

using Connection = Result<std::unique_ptr<TcpStream>>;

Task<Connection> acceptOne(Listener& listener) {
  co_return co_await listener.accept();
}

TEST(Listener, AcceptsWithBothAddresses) {
  Reactor reactor;
  auto sockets = openListenSockets(Address::any(0), 1);
  ASSERT_TRUE(sockets.has_value());
  auto listener = *Listener::start(reactor, std::move(sockets->front()));
  Address target = Address::loopback(listener->local().port());
  Connection client = runTask(reactor, connectTcp(reactor, target, Deadline::never()));
  ASSERT_TRUE(client.has_value());
  Connection server = runTask(reactor, acceptOne(*listener));
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ((*server)->peer().remote, (*client)->peer().local);
  EXPECT_EQ((*server)->peer().local, target);
  EXPECT_EQ((*server)->side(), Origin::kDownstream);
}

TEST(Listener, ASecondOwnerOfThePortIsRefused) {
  auto first = openListenSockets(Address::loopback(0), 2);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->at(0).local(), first->at(1).local());
  auto second = openListenSockets(first->at(0).local(), 2);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind(), ErrorKind::kInvalidConfiguration);
  EXPECT_NE(second.error().detail().find("in use"), std::string::npos);
}

TEST(Listener, SaysWhatIsWrongWithTheAddress) {
  auto sockets = openListenSockets(*Address::parse("192.0.2.1:0"), 1);
  ASSERT_FALSE(sockets.has_value());
  EXPECT_NE(sockets.error().detail().find("not an address of this machine"), std::string::npos);
}

TEST(Listener, AcceptIsCancelled) {
  Reactor reactor;
  auto sockets = openListenSockets(Address::loopback(0), 1);
  auto listener = *Listener::start(reactor, std::move(sockets->front()));
  Stop stop;
  Gate gate(reactor);
  std::optional<Connection> out;
  auto accept = [](Listener& from, std::optional<Connection>& result) -> Task<void> {
    result.emplace(co_await from.accept());
  };
  spawn(gate, accept(*listener, out), stop);
  reactor.turn(Nanos::zero());
  stop.request();
  reactor.turn(Nanos::zero());
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->error().kind(), ErrorKind::kCancelled);
}

Task<Result<int>> acceptMany(Listener& listener, int count, int& turns) {
  for (int i = 0; i < count; ++i) {
    GATEHOUSE_CO_TRY([[maybe_unused]] auto stream, co_await listener.accept());
  }
  co_return turns;
}

TEST(Listener, ALongRunGivesWay) {
  Reactor reactor;
  auto sockets = openListenSockets(Address::loopback(0), 1);
  auto listener = *Listener::start(reactor, std::move(sockets->front()));
  std::vector<std::unique_ptr<TcpStream>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(*runTask(reactor, connectTcp(reactor, listener->local(), Deadline::never())));
  }
  Gate gate(reactor);
  Stop stop;
  int turns = 0;
  auto run = [](Listener& from, int& count) -> Task<void> {
    EXPECT_TRUE((co_await acceptMany(from, 50, count)).has_value());
  };
  spawn(gate, run(*listener, turns), stop);
  while (gate.inside() > 0) {
    reactor.turn(Nanos::zero());
    ++turns;
  }
  EXPECT_GE(turns, 3);
}

TEST(Listener, OutOfDescriptorsItRefusesInsteadOfSpinning) {
  Reactor reactor;
  auto sockets = openListenSockets(Address::loopback(0), 1);
  auto listener = *Listener::start(reactor, std::move(sockets->front()));
  auto client = *runTask(reactor, connectTcp(reactor, listener->local(), Deadline::never()));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  rlimit tight{.rlim_cur = static_cast<rlim_t>(next), .rlim_max = before.rlim_max};
  ::close(next);
  ::setrlimit(RLIMIT_NOFILE, &tight);
  Gate gate(reactor);
  Stop stop;
  std::optional<Connection> out;
  auto accept = [](Listener& from, std::optional<Connection>& result) -> Task<void> {
    result.emplace(co_await from.accept());
  };
  spawn(gate, accept(*listener, out), stop);
  reactor.turn(Nanos::zero());
  reactor.turn(Nanos::zero());
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(listener->refused(), 1u);
  EXPECT_FALSE(out.has_value());
  stop.request();
  reactor.turn(Nanos::zero());
}

}  // namespace
}  // namespace gatehouse::io
