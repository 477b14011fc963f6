#include "base/block_pool.h"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

using Pool = BlockPool<24, 16, 100, 1000>;

TEST(BlockPool, HasRoomForEverySizeItPools) {
  for (std::size_t size = 0; Pool::pools(size); ++size) {
    EXPECT_GE(Pool::capacity(size), size);
  }
  EXPECT_TRUE(Pool::pools(100));
  EXPECT_FALSE(Pool::pools(Pool::capacity(100) + 1));
  EXPECT_EQ(Pool::capacity(24), 24U);
  EXPECT_EQ(Pool::capacity(25), 40U);
}

TEST(BlockPool, HandsOutAgainWhatWasGivenBack) {
  Pool pool;
  void* block = pool.take(50);
  ASSERT_NE(block, nullptr);
  std::memset(block, 1, 50);
  pool.giveBack(block, 50);
  void* other = pool.take(70);
  EXPECT_NE(other, block) << "of another class";
  EXPECT_EQ(pool.take(55), block) << "of the same class";
  std::free(block);
  std::free(other);
}

TEST(BlockPool, KeepsNoMoreThanItsBound) {
  Pool pool;
  std::vector<void*> blocks;
  for (int i = 0; i < 100; ++i) {
    blocks.push_back(pool.take(100));
  }
  for (void* block : blocks) {
    pool.giveBack(block, 100);
  }
  std::size_t most = 1000 / Pool::capacity(100);
  std::vector<void*> again;
  for (std::size_t i = 0; i < most; ++i) {
    again.push_back(pool.take(100));
  }
  // The last ones given back that it kept come first.
  for (std::size_t i = 0; i < most; ++i) {
    EXPECT_EQ(again[i], blocks[most - 1 - i]);
  }
  for (void* block : again) {
    std::free(block);
  }
}

}  // namespace
}  // namespace gatehouse
