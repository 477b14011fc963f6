#include "telemetry/id.h"

#include <set>

#include <gtest/gtest.h>

namespace gatehouse::telemetry {
namespace {

constexpr WallMicros kNow{1'767'225'600'000'000};  // 2026-01-01 UTC

std::uint64_t bits(RequestId id) {
  return static_cast<std::uint64_t>(id);
}

TEST(IdSource, PutsTimeWorkerAndSequenceInTheirPlaces) {
  IdSource source(37);
  RequestId first = source.next(kNow);
  RequestId second = source.next(kNow);
  EXPECT_EQ(timeOf(first), kNow);
  EXPECT_EQ(bits(first) >> 4 & 0x3F, 37U);
  EXPECT_EQ(bits(first) & 0xF, 0U);
  EXPECT_EQ(bits(second) & 0xF, 1U);
  EXPECT_EQ(bits(first) >> 63, 0U);
}

TEST(IdSource, RunsAheadWhenAMicrosecondIsFull) {
  IdSource source(0);
  std::set<std::uint64_t> ids;
  RequestId last{};
  for (int i = 0; i < 5; ++i) {
    last = source.next(kNow);
    EXPECT_TRUE(ids.insert(bits(last)).second);
    EXPECT_EQ(*ids.rbegin(), bits(last));
  }
  EXPECT_EQ(static_cast<std::int64_t>(timeOf(last)), static_cast<std::int64_t>(kNow) + 1);
}

TEST(IdSource, NoTwoOf256WorkersMakeTheSameId) {
  std::set<std::uint64_t> ids;
  for (unsigned worker = 0; worker < 256; ++worker) {
    IdSource source(worker);
    for (int i = 0; i < 8; ++i) {
      EXPECT_TRUE(ids.insert(bits(source.next(kNow))).second) << worker;
    }
  }
}

TEST(IdSource, KeepsGrowingWhenTheClockStepsBack) {
  IdSource source(1);
  RequestId before = source.next(kNow);
  RequestId after = source.next(WallMicros{static_cast<std::int64_t>(kNow) - 5'000'000});
  EXPECT_GT(after, before);
  EXPECT_EQ(timeOf(after), kNow);
}

TEST(IdSource, SurvivesAClockBefore2020) {
  IdSource source(1);
  EXPECT_NE(bits(source.next(WallMicros{0})), 0U);
}

TEST(RequestId, TextGoesThereAndBackAndKeepsTheOrder) {
  IdSource source(5);
  RequestId first = source.next(kNow);
  RequestId second = source.next(kNow);
  EXPECT_EQ(toText(first).size(), 13U);
  EXPECT_LT(toText(first), toText(second));
  EXPECT_EQ(requestIdFrom(toText(first)), first);
  EXPECT_EQ(requestIdFrom("000000000000O"), RequestId{0});
  EXPECT_EQ(requestIdFrom("000000000000l"), RequestId{1});
  EXPECT_EQ(requestIdFrom("7ZZZZZZZZZZZZ"), RequestId{(std::uint64_t{1} << 63) - 1});
}

TEST(RequestId, RefusesOtherTexts) {
  EXPECT_FALSE(requestIdFrom(""));
  EXPECT_FALSE(requestIdFrom("123"));
  EXPECT_FALSE(requestIdFrom("00000000000000"));
  EXPECT_FALSE(requestIdFrom("000000000000U"));
  EXPECT_FALSE(requestIdFrom("ZZZZZZZZZZZZZ"));  // 65 bits
  EXPECT_FALSE(requestIdFrom("8000000000000"));  // 64 bits
}

}  // namespace
}  // namespace gatehouse::telemetry
