// What the program's operator new and delete promise; under the sanitizers it is theirs that are
// tested.
#include <array>
#include <cstddef>
#include <cstring>
#include <malloc.h>
#include <new>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace {

constexpr std::array<std::size_t, 14> kSizes = {
    0, 1, 23, 24, 25, 40, 41, 1000, 4095, 4096, 4104, 4105, 5000, 1'000'000
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

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

TEST(Allocate, WhatWasFreedIsHandedOutAgain) {
  void* block = take(300);
  ::operator delete(block, 300);
  void* again = take(305);
  EXPECT_EQ(again, block);
  ::operator delete(again, 305);
}

TEST(Allocate, NoMoreIsKeptThanTheBound) {
  constexpr std::size_t kSize = 4000;
  constexpr std::size_t kCount = 4000;
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < kCount; ++i) {
    blocks.push_back(take(kSize));
  }
  for (void* block : blocks) {
    ::operator delete(block, kSize);
  }
  EXPECT_LT(::mallinfo2().uordblks, kCount * kSize / 2) << "most of it went back to malloc";
}

#endif

}  // namespace
