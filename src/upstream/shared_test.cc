#include "upstream/shared.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "io/gate.h"
#include "io/listener.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "upstream/attempt.h"
#include "upstream/pool.h"
#include "upstream/pool_for_test.h"

namespace gatehouse::upstream {
namespace {

/// Somebody who asks for a connection, and may go away.
class Asker {
 public:
  Asker(io::Reactor& reactor, io::Task<Leased> task) : gate_(reactor) {
    io::spawn(gate_, keep(std::move(task), lease), stop_);
  }
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;
  ~Asker() { leave(); }

  void leave() {
    stop_.request();
    io::runTask(gate_.reactor(), io::drain(gate_));
    lease.reset();
  }
  bool served() const { return lease && lease->has_value(); }

  std::optional<Leased> lease;

 private:
  io::Stop stop_;
  io::Gate gate_;
};

io::Task<io::Listener::Accepted> accept(io::Listener& listener) {
  co_return co_await listener.accept();
}

class SharedConnectionsTest : public testing::Test {
 protected:
  SharedConnectionsTest() {
    auto sockets = io::openListenSockets(*io::Address::parse("127.0.0.1:0"), 1);
    listener = *io::Listener::start(reactor, std::move(sockets->front()));
    auto made = std::make_shared<Endpoint>();
    made->host = "127.0.0.1";
    made->port = listener->local().port();
    made->version = HttpVersion::kHttp2;
    made->pool_key = "key";
    made->name = "up:1";
    endpoint = made;
  }

  std::unique_ptr<Asker> ask() {
    marks.push_back(std::make_unique<ConnectMarks>());
    return std::make_unique<Asker>(reactor, pool.connect(endpoint, *marks.back()));
  }
  std::unique_ptr<io::TcpStream> accepted() { return *io::runTask(reactor, accept(*listener)); }
  /// SETTINGS of a peer that takes so many requests at a time.
  void greet(io::TcpStream& peer, char streams) {
    const std::string frame = std::string("\0\0\6\4\0\0\0\0\0\0\3\0\0\0", 14) + streams;
    const std::vector<std::string_view> parts = {frame};
    peer.tryWritev(parts, 0);
    settle();
  }
  /// Local sockets deliver at once.
  void settle() {
    for (int i = 0; i < 20; ++i) {
      reactor.turn(Nanos(0));
    }
  }

  ManualClock clock;
  io::Reactor reactor{{.clock = &clock}};
  io::Resolver resolver{reactor, {}};
  Connector connector{reactor, resolver, nullptr, {}};
  Totals totals;
  Pool pool{reactor, connector, totals, {.idle_time = Seconds(90)}};
  std::unique_ptr<io::Listener> listener;
  EndpointHandle endpoint;
  std::vector<std::unique_ptr<ConnectMarks>> marks;
};

TEST_F(SharedConnectionsTest, WhoComesWhileAConnectionIsOpenedWaitsForIt) {
  std::vector<std::unique_ptr<Asker>> askers;
  for (int i = 0; i < 5; ++i) {
    askers.push_back(ask());
  }
  auto peer = accepted();
  settle();
  EXPECT_TRUE(askers[0]->served());
  EXPECT_FALSE(askers[1]->lease.has_value());
  greet(*peer, 4);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(askers[static_cast<std::size_t>(i)]->served()) << i;
  }
  EXPECT_TRUE(marks[0]->tcp.has_value());
  EXPECT_FALSE(marks[1]->start.has_value());
  // The fifth does not fit: one more is opened, for it and four others.
  auto second = accepted();
  settle();
  EXPECT_TRUE(askers[4]->served());
  EXPECT_EQ(totals.active, 2);
  EXPECT_EQ(pool.counts().active, 2U);
  askers.clear();
  EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(2, 0));
}

TEST_F(SharedConnectionsTest, RoomIsUsedAgainWithoutWaiting) {
  auto first = ask();
  auto peer = accepted();
  settle();
  EXPECT_FALSE(pool.takeIdle(*endpoint).has_value());
  greet(*peer, 2);
  {
    std::optional<Pool::Lease> second = pool.takeIdle(*endpoint);
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(second->connection().reused());
    EXPECT_FALSE(pool.takeIdle(*endpoint).has_value());
  }
  EXPECT_TRUE(pool.takeIdle(*endpoint).has_value());
  EXPECT_EQ(totals.active, 1);
}

TEST_F(SharedConnectionsTest, WhoWaitsOpensOneWhenTheFirstGoesAway) {
  auto first = ask();
  auto second = ask();
  reactor.turn(Nanos(0));
  first->leave();
  auto peer = accepted();
  settle();
  // The connection that was being made, or another: it has one for whoever is left.
  auto again = second->lease.has_value() ? nullptr : accepted();
  settle();
  EXPECT_TRUE(second->served());
}

TEST_F(SharedConnectionsTest, WhatFailsOneFailsAllWhoWait) {
  listener = nullptr;
  std::vector<std::unique_ptr<Asker>> askers;
  for (int i = 0; i < 3; ++i) {
    askers.push_back(ask());
  }
  settle();
  for (const auto& asker : askers) {
    ASSERT_TRUE(asker->lease.has_value());
    EXPECT_EQ(asker->lease->error().kind(), ErrorKind::kConnectRefused);
  }
  EXPECT_EQ(pool.counts().active, 0U);
}

TEST_F(SharedConnectionsTest, APeerThatEndsWithoutAWordFailsThemToo) {
  auto first = ask();
  auto second = ask();
  accepted()->close();
  settle();
  ASSERT_TRUE(second->lease.has_value());
  ASSERT_FALSE(second->lease->has_value());
  EXPECT_EQ(second->lease->error().kind(), ErrorKind::kUpstreamClosed);
  EXPECT_NE(second->lease->error().detail().find("up:1"), std::string::npos);
}

TEST_F(SharedConnectionsTest, AConnectionWithoutRequestsIsClosedAfterItsTime) {
  auto first = ask();
  auto peer = accepted();
  settle();
  greet(*peer, 9);
  clock.advance(Seconds(200));
  settle();
  EXPECT_EQ(totals.active, 1);
  first->leave();
  settle();
  EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(1, 0));
  clock.advance(Seconds(200));
  settle();
  EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(0, 0));
}

TEST_F(SharedConnectionsTest, AConnectionThatEndsIsDroppedOnceItsRequestsHave) {
  auto first = ask();
  auto peer = accepted();
  settle();
  greet(*peer, 9);
  auto second = ask();
  settle();
  peer->close();
  settle();
  EXPECT_FALSE(pool.takeIdle(*endpoint).has_value());
  first->leave();
  settle();
  EXPECT_EQ(totals.active, 1);
  second->leave();
  settle();
  EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(0, 0));
}

TEST_F(SharedConnectionsTest, IdleOnesAreClosedWhenAsked) {
  auto first = ask();
  auto peer = accepted();
  settle();
  greet(*peer, 9);
  pool.closeIdle();
  EXPECT_EQ(totals.active, 1);
  first->leave();
  pool.closeIdle();
  EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(0, 0));
}

}  // namespace
}  // namespace gatehouse::upstream
