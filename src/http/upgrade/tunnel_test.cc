#include "http/upgrade/tunnel.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "http/loop_for_test.h"

namespace gatehouse::http {
namespace {

/// A tunnel between two peers, begun.
class Scene {
 public:
  explicit Scene(std::string from_client = {}, std::string from_upstream = {})
      : client_end_{.stream = *client_.first, .received = std::move(from_client)},
        upstream_end_{.stream = *upstream_.first, .received = std::move(from_upstream)},
        running_(
            loop, tunnel(client_end_, upstream_end_, {.idle = Seconds(60), .write = Seconds(5)})
        ) {}

  TestPeer& client() { return client_.second; }
  TestPeer& upstream() { return upstream_.second; }
  TunnelEnd& clientEnd() { return client_end_; }
  TunnelEnd& upstreamEnd() { return upstream_end_; }
  bool done() const { return running_.done(); }
  Result<void>& result() { return running_.result(); }

  TestLoop loop;

 private:
  std::pair<std::unique_ptr<io::TcpStream>, TestPeer> client_ = loop.connect();
  std::pair<std::unique_ptr<io::TcpStream>, TestPeer> upstream_ = loop.connect();
  TunnelEnd client_end_;
  TunnelEnd upstream_end_;
  Running<Result<void>> running_;
};

TEST(Tunnel, PassesBytesBothWays) {
  Scene scene;
  scene.client().send("up");
  scene.upstream().send("down, longer");
  scene.loop.settle();
  EXPECT_EQ(scene.upstream().take(), "up");
  EXPECT_EQ(scene.client().take(), "down, longer");
  EXPECT_EQ(scene.clientEnd().bytes_in, 2U);
  EXPECT_EQ(scene.upstreamEnd().bytes_out, 2U);
  EXPECT_EQ(scene.upstreamEnd().bytes_in, 12U);
  EXPECT_EQ(scene.clientEnd().bytes_out, 12U);
  EXPECT_FALSE(scene.done());
}

TEST(Tunnel, BeginsWithWhatCameBehindTheHeads) {
  Scene scene("early up ", "early down ");
  scene.client().send("up");
  scene.upstream().send("down");
  scene.loop.settle();
  EXPECT_EQ(scene.upstream().take(), "early up up");
  EXPECT_EQ(scene.client().take(), "early down down");
  EXPECT_EQ(scene.clientEnd().bytes_in, 11U);
}

TEST(Tunnel, KeepsTheOtherHalfOpen) {
  Scene scene;
  io::Stop never;
  const io::Child ending(
      [](io::Stream& stream) -> io::Task<void> {
        static_cast<void>(co_await stream.shutdownWrite());
      }(scene.client().stream()),
      never
  );
  scene.loop.settle();
  EXPECT_EQ(scene.upstream().take(), "");
  EXPECT_TRUE(scene.upstream().ended());
  EXPECT_FALSE(scene.done());
  scene.upstream().send("last words");
  scene.loop.settle();
  EXPECT_EQ(scene.client().take(), "last words");
  scene.upstream().close();
  scene.loop.settle();
  ASSERT_TRUE(scene.done());
  EXPECT_TRUE(scene.result());
  EXPECT_EQ(scene.client().take(), "");
  EXPECT_TRUE(scene.client().ended());
}

TEST(Tunnel, EndsWhenNothingPassesForTooLong) {
  Scene scene;
  scene.loop.wait(Seconds(59));
  scene.upstream().send("x");
  scene.loop.wait(Seconds(59));
  EXPECT_FALSE(scene.done());  // what passes one way keeps both open
  scene.loop.wait(Seconds(2));
  ASSERT_TRUE(scene.done());
  EXPECT_EQ(scene.result().error().kind(), ErrorKind::kTimeout);
}

TEST(Tunnel, EndsWithASideThatTakesNothing) {
  Scene scene;
  const std::string much(1 << 20, 'x');
  for (int i = 0; i < 64; ++i) {
    scene.client().send(much);
    scene.loop.settle();
  }
  EXPECT_FALSE(scene.done());
  scene.loop.wait(Seconds(6));
  ASSERT_TRUE(scene.done());
  EXPECT_EQ(scene.result().error().kind(), ErrorKind::kTimeout);
  EXPECT_GT(scene.clientEnd().bytes_in, scene.upstreamEnd().bytes_out);
}

TEST(Tunnel, HoldsBackASenderWhoseReaderIsSlow) {
  Scene scene;
  const std::string much(1 << 20, 'x');
  std::size_t sent = 0;
  for (int i = 0; i < 64; ++i) {
    sent += scene.client().send(much);
    scene.loop.settle();
  }
  EXPECT_LT(sent, std::size_t{64} << 20);
  std::size_t taken = 0;
  while (taken < sent) {
    const std::string piece = scene.upstream().take();
    ASSERT_FALSE(piece.empty());
    taken += piece.size();
    scene.loop.settle();
  }
  EXPECT_EQ(taken, sent);
  EXPECT_EQ(scene.upstreamEnd().bytes_out, sent);
}

TEST(Tunnel, OfABrokenSideEndsTheOther) {
  Scene scene;
  scene.upstream().send("unread");
  scene.loop.settle();
  scene.client().close();  // with something unread: a reset
  scene.upstream().send("more");
  scene.loop.settle();
  scene.upstream().send("and more");
  scene.loop.settle();
  ASSERT_TRUE(scene.done());
  ASSERT_FALSE(scene.result());
  EXPECT_EQ(scene.result().error().kind(), ErrorKind::kPeerClosed);
  EXPECT_EQ(scene.result().error().origin(), Origin::kDownstream);
}

TEST(Tunnel, OfABrokenUpstreamSaysSo) {
  Scene scene;
  scene.client().send("unread");
  scene.loop.settle();
  scene.upstream().close();
  scene.client().send("more");
  scene.loop.settle();
  scene.client().send("and more");
  scene.loop.settle();
  ASSERT_TRUE(scene.done());
  ASSERT_FALSE(scene.result());
  EXPECT_EQ(scene.result().error().kind(), ErrorKind::kUpstreamClosed);
  EXPECT_EQ(scene.result().error().origin(), Origin::kUpstream);
}

/// Always has more to read, up to a bound, and takes whatever is written.
class AsFastAsWe final : public CountingStream {
 public:
  AsFastAsWe(std::unique_ptr<io::Stream> inner, Counts& counts, std::size_t more)
      : CountingStream(std::move(inner), counts), left_(more) {}

  io::IoProgress tryRead(std::span<char> target) override {
    if (left_ == 0) {
      return {0, io::IoState::kWouldBlock};
    }
    const std::size_t count = std::min(left_, target.size());
    left_ -= count;
    return {count, io::IoState::kDone};
  }
  io::IoProgress tryWritev(std::span<const std::string_view> parts, std::size_t offset) override {
    std::size_t size = 0;
    for (const std::string_view part : parts) {
      size += part.size();
    }
    return {size - offset, io::IoState::kDone};
  }

 private:
  std::size_t left_;
};

TEST(Tunnel, LetsOthersRun) {
  constexpr std::size_t kAll = 64U << 20;
  TestLoop loop;
  auto client = loop.connect();
  auto upstream = loop.connect();
  CountingStream::Counts counts;
  AsFastAsWe near(std::move(client.first), counts, 0);
  AsFastAsWe far(std::move(upstream.first), counts, kAll);
  TunnelEnd client_end{.stream = near, .received = {}};
  TunnelEnd upstream_end{.stream = far, .received = {}};
  std::uint64_t moved = kAll;
  loop.reactor.post([&] { loop.reactor.post([&] { moved = client_end.bytes_out; }); });
  const Running<Result<void>> running(loop, tunnel(client_end, upstream_end, {}));
  EXPECT_LE(moved, 1U << 20) << "when the others had their turn behind its first";
  while (client_end.bytes_out < kAll) {
    loop.settle();
  }
}

}  // namespace
}  // namespace gatehouse::http
