#include "io/tcp.h"

#include <array>
#include <cstddef>
#include <malloc.h>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/gate.h"
#include "io/read_loan.h"
#include "io/run_task.h"
#include "io/stream.h"
#include "io/task.h"

namespace gatehouse::io {
namespace {

class Tcp : public testing::Test {
 protected:
  Tcp() {
    auto pair = connectedPair(reactor);
    near = std::move(pair->first);
    far = std::move(pair->second);
  }

  void turn() { reactor.turn(Nanos::zero()); }
  /// Starts a task whose end is looked at later.
  void start(Task<void> task) { ASSERT_TRUE(spawn(gate, std::move(task), stop)); }

  ~Tcp() override {
    stop.request();
    runTask(reactor, drain(gate));
  }

  Reactor reactor;
  std::unique_ptr<TcpStream> near;
  std::unique_ptr<TcpStream> far;
  Stop stop;
  Gate gate{reactor};
};

Task<Result<std::string>> readOnce(Stream& stream) {
  GATEHOUSE_CO_TRY(ReadLoan loan, co_await stream.read());
  co_return std::string(loan.bytes());
}

Task<Result<std::string>> readAll(Stream& stream) {
  std::string all;
  while (true) {
    GATEHOUSE_CO_TRY(ReadLoan loan, co_await stream.read());
    if (loan.empty()) {
      co_return all;
    }
    all += loan.bytes();
  }
}

Task<Result<void>> write(Stream& stream, std::string bytes) {
  co_return co_await stream.write(bytes);
}

template <typename T>
Task<void> keep(Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}

TEST_F(Tcp, WritesPartsInOrderAndReadsThem) {
  auto send = [](Stream& stream) -> Task<Result<void>> {
    std::array<std::string_view, 4> parts{"GET ", "", "/ HTTP", "/1.1"};
    co_return co_await stream.writev(parts);
  };
  ASSERT_TRUE(runTask(reactor, send(*near)).has_value());
  EXPECT_EQ(runTask(reactor, readOnce(*far)), "GET / HTTP/1.1");
}

TEST_F(Tcp, ReadIntoFillsTheFinalBuffer) {
  ASSERT_TRUE(runTask(reactor, write(*near, "abcdef")).has_value());
  auto receive = [](Stream& stream, std::span<char> target) -> Task<Result<std::size_t>> {
    co_return co_await stream.readInto(target);
  };
  std::array<char, 4> first{};
  std::array<char, 4> second{};
  EXPECT_EQ(runTask(reactor, receive(*far, first)), 4u);
  EXPECT_EQ(runTask(reactor, receive(*far, second)), 2u);
  EXPECT_EQ(std::string_view(first.data(), 4), "abcd");
  EXPECT_EQ(std::string_view(second.data(), 2), "ef");
}

TEST_F(Tcp, AShortReadIsNotFollowedByAnother) {
  ASSERT_TRUE(runTask(reactor, write(*near, "abc")).has_value());
  turn();
  EXPECT_TRUE(far->readable());
  std::array<char, 16> target{};
  IoProgress progress = far->tryRead(target);
  EXPECT_EQ(progress.bytes, 3u);
  EXPECT_FALSE(far->readable()) << "the next read waits for an event";
  EXPECT_EQ(far->tryRead(target).state, IoState::kWouldBlock);
}

TEST_F(Tcp, WritesMoreThanTheSocketTakes) {
  std::string big(8 << 20, 'x');
  std::iota(big.begin(), big.end(), '\0');
  std::optional<Result<void>> sent;
  auto sendAndEnd = [](Stream& stream, std::string_view bytes) -> Task<Result<void>> {
    std::array<std::string_view, 3> parts{
        bytes.substr(0, 10), bytes.substr(10, 5'000'000), bytes.substr(5'000'010)
    };
    GATEHOUSE_CO_CHECK_OK(co_await stream.writev(parts));
    co_return co_await stream.shutdownWrite();
  };
  start(keep(sendAndEnd(*near, big), sent));
  turn();
  EXPECT_FALSE(sent.has_value()) << "nobody reads yet";
  Result<std::string> received = runTask(reactor, readAll(*far));
  EXPECT_TRUE(*received == big);
  turn();
  ASSERT_TRUE(sent.has_value());
  EXPECT_TRUE(sent->has_value());
}

TEST_F(Tcp, LentBytesAreCopiedOnlyWhenTheyMustWait) {
  std::string big(4 << 20, 'y');
  std::optional<Result<void>> sent;
  auto sendLent = [](Stream& stream, std::string_view bytes) -> Task<Result<void>> {
    co_return co_await stream.writeLent(bytes);
  };
  start(keep(sendLent(*near, big), sent));
  turn();
  big.assign(big.size(), '!');  // the lender takes its memory back
  std::optional<Result<std::string>> received;
  start(keep(readAll(*far), received));
  while (!sent) {
    reactor.turn(Seconds(1));
  }
  near->close();
  while (!received) {
    reactor.turn(Seconds(1));
  }
  EXPECT_EQ(**received, std::string(4 << 20, 'y'));
}

TEST_F(Tcp, EveryWaitIsCancelled) {
  std::string big(8 << 20, 'x');
  std::optional<Result<std::string>> read;
  std::optional<Result<void>> written;
  start(keep(readOnce(*near), read));
  start(keep(write(*near, big), written));
  turn();
  EXPECT_FALSE(read.has_value());
  EXPECT_FALSE(written.has_value());
  stop.request();
  turn();
  ASSERT_TRUE(read.has_value());
  ASSERT_TRUE(written.has_value());
  EXPECT_EQ(read->error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ(written->error().kind(), ErrorKind::kCancelled);
}

TEST_F(Tcp, ClosingWakesWhoeverWaits) {
  std::optional<Result<std::string>> read;
  start(keep(readOnce(*near), read));
  turn();
  near->close();
  turn();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->error().kind(), ErrorKind::kPeerClosed);
}

TEST_F(Tcp, TheReaderSeesBytesBeforeTheEnd) {
  ASSERT_TRUE(runTask(reactor, write(*near, "last words")).has_value());
  near->close();
  EXPECT_EQ(runTask(reactor, readAll(*far)), "last words");
  EXPECT_EQ(runTask(reactor, readOnce(*far)), "") << "and the end again";
}

TEST_F(Tcp, PeerClosedIsToldWhileNobodyReads) {
  Stop gone;
  far->onPeerClosed(&gone);
  turn();
  EXPECT_FALSE(gone.requested());
  near->close();
  turn();
  EXPECT_TRUE(gone.requested());
  EXPECT_TRUE(far->readable());
  Stop late;
  far->onPeerClosed(&late);
  EXPECT_TRUE(late.requested()) << "at once when it happened before";
}

TEST_F(Tcp, PeerClosedIsTheReadersWhenThereIsOne) {
  Stop gone;
  far->onPeerClosed(&gone);
  std::optional<Result<std::string>> read;
  start(keep(readOnce(*far), read));
  turn();
  near->close();
  turn();
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(**read, "");
  EXPECT_FALSE(gone.requested());
}

TEST_F(Tcp, WritingToAGonePeerFails) {
  near->close();
  turn();
  Result<void> written = runTask(reactor, write(*far, std::string(1 << 20, 'z')));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().kind(), ErrorKind::kPeerClosed);
  EXPECT_EQ(written.error().origin(), Origin::kUpstream);
}

TEST_F(Tcp, TwoReadersShareTheReadBuffer) {
  auto second = connectedPair(reactor);
  std::optional<Result<std::string>> one;
  std::optional<Result<std::string>> two;
  start(keep(readOnce(*far), one));
  start(keep(readOnce(*second->second), two));
  turn();
  ASSERT_TRUE(runTask(reactor, write(*near, "one")).has_value());
  ASSERT_TRUE(runTask(reactor, write(*second->first, "two")).has_value());
  turn();
  turn();
  EXPECT_EQ(**one, "one");
  EXPECT_EQ(**two, "two");
}

Task<Result<void>> relay(Stream& from, Stream& to) {
  while (true) {
    GATEHOUSE_CO_TRY(ReadLoan loan, co_await from.read());
    if (loan.empty()) {
      co_return Result<void>();
    }
    GATEHOUSE_CO_CHECK_OK(co_await to.writeLent(loan.bytes()));
  }
}

TEST(StreamSize, AnIdleRelayIsSmall) {
  Reactor reactor;
  auto pair = connectedPair(reactor);
  Task<Result<void>> task = relay(*pair->first, *pair->second);
  // What an idle proxied stream costs above its two streams; engine.md allows 3 KB for all of it.
  EXPECT_LE(::malloc_usable_size(task.frameAddress()), 900u);
  EXPECT_LE(sizeof(TcpStream), 256u);
}

}  // namespace
}  // namespace gatehouse::io
