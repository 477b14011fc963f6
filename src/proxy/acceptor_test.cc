#include "proxy/acceptor.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "http/loop_for_test.h"
#include "io/address.h"
#include "io/gate.h"
#include "telemetry/metrics.h"

namespace gatehouse::proxy {
namespace {

io::Task<void> passBy() {
  co_return;
}

class AcceptorTest : public testing::Test {
 protected:
  ~AcceptorTest() override {
    acceptor_.drain();
    loop_.settle();
  }

  /// Listens on a free port.
  void open() {
    NewSockets sockets;
    auto opened = io::openListenSockets(io::Address::parse("127.0.0.1:0").value(), 1);
    ASSERT_TRUE(opened.has_value());
    address_ = opened->front().local();
    auto snapshot = std::make_shared<snapshot::Snapshot>();
    snapshot->ports.emplace_back();
    snapshot->ports.back().addresses = {address_.format()};
    sockets.emplace_back(address_.format(), std::move(opened->front()));
    acceptor_.follow(snapshot, std::move(sockets), closed_);
    loop_.settle();
  }
  void leave() { acceptor_.follow(std::make_shared<snapshot::Snapshot>(), {}, closed_); }
  bool canBind() const { return io::openListenSockets(address_, 1).has_value(); }
  /// More than the loop runs in `turns` turns.
  void crowd(int turns) {
    for (int i = 0; i < turns * 4096; ++i) {
      io::spawn(crowd_, passBy(), stop_);
    }
  }

  http::TestLoop loop_;
  Logger log_{{.fd = 2, .level = LogLevel::kError, .burst = 0}, loop_.clock};
  telemetry::Metrics metrics_{1};
  DataPlaneSettings settings_;
  Worker worker_{0, 1, loop_.reactor, settings_, log_, metrics_.worker(0), nullptr};
  Acceptor acceptor_{worker_};
  std::shared_ptr<Countdown> closed_ = std::make_shared<Countdown>();
  io::Address address_;
  io::Stop stop_;
  io::Gate crowd_{loop_.reactor};
};

TEST_F(AcceptorTest, WhatStaysOpenIsNotWaitedFor) {
  open();
  EXPECT_EQ(closed_->left(), 0u);
  EXPECT_FALSE(canBind());
}

TEST_F(AcceptorTest, AnAddressIsFreeWhenItsCloseIsTold) {
  open();
  leave();
  EXPECT_EQ(closed_->left(), 1u);
  loop_.settle();
  EXPECT_EQ(closed_->left(), 0u);
  EXPECT_TRUE(canBind());
}

TEST_F(AcceptorTest, ACloseThatTakesManyTurnsIsNotToldBefore) {
  open();
  crowd(3);
  leave();
  int turns = 0;
  while (closed_->left() != 0 && turns < 100) {
    EXPECT_FALSE(canBind()) << turns;
    loop_.reactor.turn(Nanos(0));
    ++turns;
  }
  EXPECT_GT(turns, 2) << "a turn behind the one that was told is not enough";
  EXPECT_TRUE(canBind());
}

TEST_F(AcceptorTest, NobodyWaitsForWhatADrainCloses) {
  open();
  acceptor_.drain();
  EXPECT_EQ(closed_->left(), 0u);
  loop_.settle();
  EXPECT_TRUE(canBind());
}

}  // namespace
}  // namespace gatehouse::proxy
