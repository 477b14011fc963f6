#include "upstream/pool.h"

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
#include "upstream/pool_for_test.h"

namespace gatehouse::upstream {
namespace {

io::Task<io::Listener::Accepted> accept(io::Listener& listener) {
  co_return co_await listener.accept();
}

class PoolTest : public testing::Test {
 protected:
  PoolTest() {
    auto sockets = io::openListenSockets(*io::Address::parse("127.0.0.1:0"), 1);
    listener = *io::Listener::start(reactor, std::move(sockets->front()));
  }
  ~PoolTest() override { io::runTask(reactor, io::drain(gate)); }

  /// Endpoints of different keys share nothing, though they all lead to the listener.
  EndpointHandle endpoint(std::string key) const {
    auto made = std::make_shared<Endpoint>();
    made->host = "127.0.0.1";
    made->port = listener->local().port();
    made->pool_key = std::move(key);
    return made;
  }
  std::unique_ptr<io::TcpStream> accepted() { return *io::runTask(reactor, accept(*listener)); }

  io::Reactor reactor;
  io::Resolver resolver{reactor, {}};
  Connector connector{reactor, resolver, nullptr, {}};
  Totals totals;
  Pool pool{reactor, connector, totals, {.idle_per_endpoint = 2}};
  io::Gate gate{reactor};
  io::Stop stop;
  std::unique_ptr<io::Listener> listener;
  ConnectMarks marks;
};

TEST_F(PoolTest, ConnectionGoesBackWhenItsLeaseEnds) {
  EndpointHandle one = endpoint("one");
  {
    Leased lease = io::runTask(reactor, pool.connect(one, marks));
    ASSERT_TRUE(lease.has_value());
    EXPECT_EQ(pool.counts().active, 1U);
    EXPECT_FALSE(pool.takeIdle(*one).has_value());
  }
  EXPECT_EQ(pool.counts().active, 0U);
  EXPECT_EQ(pool.counts().idle, 1U);
  EXPECT_FALSE(pool.takeIdle(*endpoint("two")).has_value());
  EXPECT_TRUE(pool.takeIdle(*one).has_value());
}

TEST_F(PoolTest, EveryConnectionIsCountedAsWhatItIs) {
  EndpointHandle one = endpoint("one");
  {
    std::vector<Leased> leases;
    for (int i = 0; i < 3; ++i) {
      leases.push_back(io::runTask(reactor, pool.connect(one, marks)));
      ASSERT_TRUE(leases.back().has_value());
    }
    EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(0, 3));
  }
  // One more than are kept.
  EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(2, 0));
  {
    std::optional<Pool::Lease> again = pool.takeIdle(*one);
    EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(1, 1));
  }
  EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(2, 0));
  pool.closeIdle();
  EXPECT_EQ(std::pair(totals.idle, totals.active), std::pair(0, 0));
}

TEST_F(PoolTest, SweepLeavesTheEndpointThatIsBeingConnectedTo) {
  {
    Leased first = io::runTask(reactor, pool.connect(endpoint("one"), marks));
    ASSERT_TRUE(first.has_value());
  }
  ASSERT_EQ(pool.counts().idle, 1U);
  accepted()->close();
  // The idle connection is swept in the turn in which the other endpoint is first connected to.
  EndpointHandle two = endpoint("two");
  std::optional<Leased> second;
  io::spawn(gate, keep(pool.connect(two, marks), second), stop);
  while (!second) {
    reactor.turn(Seconds(1));
  }
  ASSERT_TRUE(second->has_value());
  EXPECT_EQ(pool.counts().idle, 0U);
  EXPECT_EQ(pool.counts().active, 1U);
  second.reset();
  EXPECT_TRUE(pool.takeIdle(*two).has_value());
}

}  // namespace
}  // namespace gatehouse::upstream
