#include "io/buffer_pool.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/result.h"

namespace gatehouse::io {
namespace {

TEST(BufferPool, LendsCountsAndReuses) {
  BufferPool pool(1 << 20);
  const char* where = nullptr;
  {
    Buffer buffer = *pool.take(5000);
    EXPECT_GE(buffer.capacity(), 5000u);
    EXPECT_EQ(pool.lent(), buffer.capacity());
    where = buffer.space().data();
  }
  EXPECT_EQ(pool.lent(), 0u);
  Buffer again = *pool.take(6000);
  EXPECT_EQ(again.space().data(), where) << "same size class, same memory";
}

TEST(BufferPool, GrowsKeepingTheContent) {
  BufferPool pool(64 << 20);
  Buffer buffer = *pool.take(10);
  std::string expected;
  for (int i = 0; i < 3000; ++i) {
    std::string piece = std::to_string(i * 7919) + ",";
    ASSERT_TRUE(buffer.append(piece).has_value());
    expected += piece;
  }
  EXPECT_EQ(buffer.view(), expected);
  EXPECT_EQ(pool.lent(), buffer.capacity());
}

TEST(BufferPool, SaysWhyItRefuses) {
  BufferPool pool(100'000);
  EXPECT_EQ(pool.take(100'001).error().kind(), ErrorKind::kBodyTooLarge);
  Buffer first = *pool.take(60'000);
  Result<Buffer> second = pool.take(60'000);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind(), ErrorKind::kOverloaded);
  EXPECT_EQ(first.reserve(99'000).error().kind(), ErrorKind::kOverloaded);
  EXPECT_EQ(pool.lent(), first.capacity()) << "a failed growth keeps the buffer";
}

TEST(BufferPool, FrozenBytesArePaddedAndReturned) {
  BufferPool pool(1 << 20);
  Chunk kept;
  {
    Buffer buffer = *pool.take(4096);
    std::fill(buffer.space().begin(), buffer.space().end(), 'x');
    buffer.commit(4096);
    Chunk chunk = std::move(buffer).freeze();
    EXPECT_EQ(chunk.size(), 4096u);
    const char* end = chunk.view().data() + chunk.size();
    EXPECT_TRUE(std::all_of(end, end + kBufferPadding, [](char c) { return c == 0; }));
    kept = chunk.slice(10, 5);
  }
  EXPECT_EQ(kept.view(), "xxxxx");
  EXPECT_GT(pool.lent(), 0u);
  kept = Chunk();
  EXPECT_EQ(pool.lent(), 0u);
}

TEST(BufferPool, ABurstOfSmallBuffersLeavesLittle) {
  BufferPool pool(256u << 20);
  for (std::size_t size : {100u, 1500u, 4096u}) {
    std::vector<Buffer> burst;
    std::set<const char*> places;
    for (int i = 0; i < 500; ++i) {
      burst.push_back(*pool.take(size));
      std::ranges::fill(burst.back().space(), 'x');
      places.insert(burst.back().space().data());
    }
    EXPECT_EQ(places.size(), burst.size());
    for (std::size_t i = 0; i < burst.size(); i += 2) {
      burst[i] = {};
    }
    for (std::size_t i = 0; i < burst.size(); i += 2) {
      burst[i] = *pool.take(size);
    }
  }
  EXPECT_EQ(pool.lent(), 0u);
  EXPECT_LE(pool.kept(), 512u << 10);
}

TEST(BufferPool, LargeBuffersComeAndGo) {
  BufferPool pool(256u << 20);
  {
    Buffer big = *pool.take(64u << 20);
    EXPECT_EQ(big.capacity(), 64u << 20);
  }
  EXPECT_EQ(pool.lent(), 0u);
}

}  // namespace
}  // namespace gatehouse::io
