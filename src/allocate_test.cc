// What the program's operator new and delete promise; under the sanitizers it is theirs that are
// tested.
#include "allocate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <new>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

namespace {

constexpr std::array<std::size_t, 13> kSizes = {
    0, 1, 15, 16, 17, 32, 33, 1000, 4095, 4096, 4097, 5000, 1'000'000
};

void* take(std::size_t size) {
  return ::operator new(size);
}

TEST(Allocate, EverySizeIsUsableToItsLastByte) {
  for (std::size_t size : kSizes) {
    void* block = take(size);
    ASSERT_NE(block, nullptr);
    std::memset(block, 0xA5, size);
    ::operator delete(block, size);
  }
}

TEST(Allocate, BlocksInUseAreApart) {
  std::vector<char*> blocks;
  for (int i = 0; i < 100; ++i) {
    blocks.push_back(static_cast<char*>(take(200)));
    std::memset(blocks.back(), i, 200);
  }
  for (int i = 0; i < 100; ++i) {
    char* block = blocks[static_cast<std::size_t>(i)];
    EXPECT_EQ(block[0], static_cast<char>(i));
    EXPECT_EQ(block[199], static_cast<char>(i));
    ::operator delete(block, 200);
  }
}

TEST(Allocate, ManyBlocksMayBeFreedWithAndWithoutTheirSize) {
  std::vector<void*> blocks;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100'000; ++i) {
      blocks.push_back(take(64));
    }
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      if (i % 2 == 0) {
        ::operator delete(blocks[i], 64);
      } else {
        ::operator delete(blocks[i]);
      }
    }
    blocks.clear();
  }
}

TEST(Allocate, ABlockMayBeFreedOnAnotherThread) {
  void* block = take(500);
  std::thread other([block] { ::operator delete(block, 500); });
  other.join();
}

TEST(Allocate, ABlockGrowsWithWhatIsInIt) {
  for (const std::size_t first : kSizes) {
    if (first == 0) {
      continue;
    }
    void* block = std::memset(gatehouse::takeMemory(first), 7, first);
    for (const std::size_t more : std::array<std::size_t, 5>{0, 1, 40, 4000, 30'000}) {
      block = gatehouse::resizeMemory(block, first + more);
      ASSERT_NE(block, nullptr);
      const auto* bytes = static_cast<const char*>(block);
      EXPECT_EQ(std::count(bytes, bytes + first, 7), static_cast<std::ptrdiff_t>(first));
    }
    block = gatehouse::resizeMemory(block, 1);
    EXPECT_EQ(*static_cast<const char*>(block), 7);
    gatehouse::giveBackMemory(block);
  }
  void* block = gatehouse::resizeMemory(nullptr, 10);
  ASSERT_NE(block, nullptr);
  gatehouse::giveBackMemory(block);
  gatehouse::giveBackMemory(nullptr);
}

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

TEST(Allocate, WhatWasFreedIsHandedOutAgain) {
  void* block = take(300);
  ::operator delete(block, 300);
  void* again = take(304);
  EXPECT_EQ(again, block);
  ::operator delete(again, 304);
}

/// Resident bytes of this process.
std::size_t resident() {
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0;
  status >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Allocate, WhatABurstLeavesBetweenWhatStaysGoesBack) {
  constexpr std::size_t kCount = 20'000;
  constexpr std::size_t kPassing = 1000;
  constexpr std::size_t kStaying = 100;
  std::vector<void*> passing;
  std::vector<void*> staying;
  const std::size_t before = resident();
  for (std::size_t i = 0; i < kCount; ++i) {
    passing.push_back(std::memset(take(kPassing), 1, kPassing));
    staying.push_back(std::memset(take(kStaying), 1, kStaying));
  }
  EXPECT_GT(resident() - before, kCount * kPassing);
  for (void* block : passing) {
    ::operator delete(block, kPassing);
  }
  EXPECT_LT(resident() - before, 2 * kCount * kStaying + (std::size_t{2} << 20));
  for (void* block : staying) {
    ::operator delete(block, kStaying);
  }
}

#endif

}  // namespace
