#include "proxy/load.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "http/loop_for_test.h"
#include "telemetry/metrics.h"

namespace gatehouse::proxy {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

TEST(LimitsFor, DescriptorsLeaveAReserveAndAreTwoAConnection) {
  const LoadLimits limits = limitsFor({.descriptors = 20'000, .memory = 64 * kGiB, .workers = 2});
  EXPECT_EQ(limits.descriptors, 19'488u);
  EXPECT_EQ(limits.connections, 4'872u);
  EXPECT_EQ(limits.requests, 4'872u);
  EXPECT_EQ(limits.buffered, 256U << 20);
}

TEST(LimitsFor, LittleMemoryIsTheLimit) {
  const LoadLimits limits = limitsFor({.descriptors = 1'000'000, .memory = kGiB / 2, .workers = 2});
  EXPECT_EQ(limits.connections, 2'048u);
  EXPECT_EQ(limits.buffered, 64U << 20);
  const LoadLimits least = limitsFor({.descriptors = 1'000'000, .memory = 1, .workers = 4});
  EXPECT_EQ(least.connections, 4u);
  EXPECT_EQ(least.buffered, 16U << 20);
}

TEST(LimitsFor, WishesAreOfTheWholeProcess) {
  const LoadLimits limits = limitsFor(
      {.descriptors = 1024,
       .memory = kGiB,
       .workers = 4,
       .connections = 10,
       .requests = 1,
       .buffered = 40U << 20}
  );
  EXPECT_EQ(limits.connections, 3u);
  EXPECT_EQ(limits.requests, 1u);
  EXPECT_EQ(limits.buffered, 10U << 20);
}

TEST(LimitsFor, FewDescriptorsStillServe) {
  const LoadLimits limits = limitsFor({.descriptors = 20, .workers = 1});
  EXPECT_EQ(limits.connections, 1u);
  EXPECT_EQ(limits.descriptors, 1u);
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe(ends_.data()), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }

  int in() const { return ends_[1]; }
  /// What was written since the last call.
  std::string take() {
    std::string text(64U << 10, '\0');
    EXPECT_EQ(::write(in(), "", 1), 1);  // so that there is something to read
    const ssize_t count = ::read(ends_[0], text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) - 1 : 0);
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

class LoadTest : public testing::Test {
 protected:
  std::string logged() { return pipe_.take(); }

  Pipe pipe_;
  http::TestLoop loop_;
  Logger log_{{.fd = pipe_.in(), .level = LogLevel::kInfo, .burst = 0}, loop_.clock};
  telemetry::Metrics metrics_{1};
  telemetry::WorkerTelemetry telemetry_{0, 1, metrics_.worker(0), nullptr, {}};
  LoadLimits limits_{.connections = 1, .requests = 1};
  Load load_{0, loop_.reactor, limits_, log_, telemetry_};
};

TEST_F(LoadTest, CountsWhatLives) {
  Load::Counted one = load_.request();
  EXPECT_FALSE(load_.busy());
  {
    const Load::Counted two = load_.request();
    EXPECT_TRUE(load_.busy());
    const Load::Counted moved = std::move(one);
    EXPECT_EQ(load_.requests(), 2u);
  }
  EXPECT_EQ(load_.requests(), 0u);
  EXPECT_FALSE(load_.crowded());
}

TEST_F(LoadTest, ThoseThatAreToldSoHaveRoomOfTheirOwn) {
  std::vector<Load::Counted> connections;
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(load_.mayAccept()) << i;
    connections.push_back(load_.connection());
  }
  EXPECT_TRUE(load_.crowded());
  EXPECT_FALSE(load_.mayAccept());
  EXPECT_FALSE(load_.mayAccept());
  const std::string text = logged();
  EXPECT_NE(text.find("overloaded"), std::string::npos);
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
  connections.pop_back();
  EXPECT_TRUE(load_.mayAccept());
}

TEST_F(LoadTest, DescriptorsThatRunOutPauseIt) {
  limits_.connections = 1000;
  limits_.descriptors = 3;  // those of the terminal
  int taken = 0;
  while (load_.mayAccept() && taken < 1000) {
    ++taken;
  }
  EXPECT_LT(taken, 16);
  EXPECT_TRUE(load_.lacksDescriptors());
  EXPECT_FALSE(load_.mayAccept());
  limits_.descriptors = 1U << 20;
  EXPECT_TRUE(load_.mayAccept());
  EXPECT_FALSE(load_.lacksDescriptors());
}

TEST_F(LoadTest, AnEpisodeIsToldOnceAndItsEndToo) {
  for (int i = 0; i < 5; ++i) {
    load_.noteShed(Load::Cause::kRequests);
    loop_.wait(Seconds(9));
  }
  const std::string begun = logged();
  EXPECT_TRUE(begun.contains("overloaded: refusing what is too much"));
  EXPECT_EQ(begun.find("overloaded"), begun.rfind("overloaded"));
  loop_.wait(Seconds(2));
  const std::string over = logged();
  EXPECT_TRUE(over.contains("no longer overloaded")) << over;
  EXPECT_TRUE(over.contains("refused=5")) << over;
  EXPECT_TRUE(over.contains("seconds=36")) << over;
  load_.noteShed(Load::Cause::kConnections);
  EXPECT_TRUE(logged().contains("cause=connections"));
}

}  // namespace
}  // namespace gatehouse::proxy
