#include "block_slabs.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

constexpr std::size_t kSlab = std::size_t{32} << 10;

std::uintptr_t slabOf(const void* block) {
  return reinterpret_cast<std::uintptr_t>(block) / kSlab;
}

/// Never destroyed, as in the program.
BlockSlabs& madeForGood() {
  static auto& all = *new std::vector<std::unique_ptr<BlockSlabs>>;
  return *all.emplace_back(std::make_unique<BlockSlabs>());
}

struct BlockSlabsTest : testing::Test {
  BlockSlabs& slabs = madeForGood();

  std::vector<void*> take(std::size_t size, std::size_t count) {
    std::vector<void*> blocks;
    for (std::size_t i = 0; i < count; ++i) {
      blocks.push_back(slabs.take(blockIndex(size)));
    }
    return blocks;
  }
  void giveBack(const std::vector<void*>& blocks) {
    for (void* block : blocks) {
      BlockSlabs::giveBack(block, &slabs);
    }
  }
};

TEST(BlockSizes, HoldWhatIsAskedAndHardlyMore) {
  for (std::size_t size = 0; size <= kLargestBlock; ++size) {
    const std::size_t given = blockSize(blockIndex(size));
    EXPECT_GE(given, size);
    EXPECT_LE(given - size, kBlockStep);
  }
  EXPECT_EQ(blockIndex(kLargestBlock), kBlockSizes - 1);
}

TEST_F(BlockSlabsTest, BlocksAreApartAndWhole) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{16}, std::size_t{1000}, kLargestBlock}) {
    std::vector<void*> blocks = take(size, 3000);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks[i]) % kBlockStep, 0U);
      std::memset(blocks[i], static_cast<int>(i % 251), size);
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto* bytes = static_cast<const unsigned char*>(blocks[i]);
      EXPECT_TRUE(std::all_of(bytes, bytes + size, [i](unsigned char c) { return c == i % 251; }));
    }
    giveBack(blocks);
  }
}

TEST_F(BlockSlabsTest, SizesLieInSlabsOfTheirOwn) {
  const std::vector<void*> small = take(100, 500);
  const std::vector<void*> large = take(1000, 500);
  std::set<std::uintptr_t> of_small;
  for (const void* block : small) {
    of_small.insert(slabOf(block));
  }
  EXPECT_LE(of_small.size(), 2U);
  for (const void* block : large) {
    EXPECT_FALSE(of_small.contains(slabOf(block)));
  }
  giveBack(small);
  giveBack(large);
}

TEST_F(BlockSlabsTest, AnEmptySlabServesAnotherSize) {
  const std::vector<void*> first = take(1000, 1);
  const std::uintptr_t slab = slabOf(first.front());
  giveBack(first);
  const std::vector<void*> second = take(48, 1);
  EXPECT_EQ(slabOf(second.front()), slab);
  giveBack(second);
}

TEST_F(BlockSlabsTest, WhatABurstTookIsTakenAgainAfterIt) {
  std::set<std::uintptr_t> first;
  std::set<std::uintptr_t> again;
  for (std::set<std::uintptr_t>* seen : {&first, &again}) {
    const std::vector<void*> blocks = take(2000, 5000);
    for (void* block : blocks) {
      std::memset(block, 1, 2000);
      seen->insert(slabOf(block));
    }
    giveBack(blocks);
  }
  EXPECT_EQ(first, again);
}

TEST_F(BlockSlabsTest, AFullSlabHasRoomAgainBehindTheFirstThatComesBack) {
  std::vector<void*> blocks = take(4000, 9);  // more than a slab holds
  void* back = blocks.front();
  BlockSlabs::giveBack(back, &slabs);
  EXPECT_EQ(slabs.take(blockIndex(4000)), back);
  giveBack(blocks);
}

TEST_F(BlockSlabsTest, OtherThreadsGiveBackWhatTheyWereGiven) {
  constexpr std::size_t kCount = 4000;
  const std::vector<void*> blocks = take(500, kCount);
  std::set<void*> given(blocks.begin(), blocks.end());
  std::vector<std::thread> others;
  for (std::size_t i = 0; i < 4; ++i) {
    others.emplace_back([&blocks, i] {
      for (std::size_t k = i; k < kCount; k += 4) {
        std::memset(blocks[k], 1, 500);
        BlockSlabs::giveBack(blocks[k], nullptr);
      }
    });
  }
  for (std::size_t round = 0; round < 10; ++round) {
    giveBack(take(500, 100));  // meanwhile
  }
  for (std::thread& other : others) {
    other.join();
  }
  const std::vector<void*> again = take(500, kCount);
  const auto known =
      std::ranges::count_if(again, [&](void* block) { return given.contains(block); });
  EXPECT_GT(known, 9 * std::ssize(again) / 10);
  giveBack(again);
}

TEST_F(BlockSlabsTest, AnyOrderOfTakingAndGivingBack) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same each time
  struct Taken {
    unsigned char* bytes;
    std::size_t size;
    unsigned char mark;
  };
  std::vector<Taken> taken;
  for (unsigned step = 0; step < 200'000; ++step) {
    if (taken.size() < 3000 && random() % 16 < (step / 20'000 % 2 == 0 ? 10 : 6)) {
      const std::size_t size = 1 + random() % kLargestBlock;
      auto* bytes = static_cast<unsigned char*>(slabs.take(blockIndex(size)));
      const auto mark = static_cast<unsigned char>(step);
      bytes[0] = bytes[size - 1] = mark;
      taken.push_back({bytes, size, mark});
    } else if (!taken.empty()) {
      std::swap(taken[random() % taken.size()], taken.back());
      const Taken& last = taken.back();
      ASSERT_EQ(last.bytes[0], last.mark);
      ASSERT_EQ(last.bytes[last.size - 1], last.mark);
      BlockSlabs::giveBack(last.bytes, &slabs);
      taken.pop_back();
    }
  }
  for (const Taken& each : taken) {
    BlockSlabs::giveBack(each.bytes, &slabs);
  }
}

}  // namespace
}  // namespace gatehouse
