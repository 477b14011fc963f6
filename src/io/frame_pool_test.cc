#include "io/frame_pool.h"

#include <cstring>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse::io {
namespace {

TEST(FramePool, EverySizeIsUsableToItsLastByte) {
  for (std::size_t size : {1u, 8u, 63u, 64u, 65u, 1000u, 4095u, 4096u, 4097u, 100'000u}) {
    void* frame = takeFrame(size);
    std::memset(frame, 0xA5, size);
    giveBackFrame(frame, size);
  }
}

TEST(FramePool, FramesInUseAreApart) {
  std::vector<char*> frames;
  for (int i = 0; i < 100; ++i) {
    frames.push_back(static_cast<char*>(takeFrame(200)));
    std::memset(frames.back(), i, 200);
  }
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(frames[static_cast<std::size_t>(i)][199], static_cast<char>(i));
    giveBackFrame(frames[static_cast<std::size_t>(i)], 200);
  }
}

TEST(FramePool, ALotThatEndsAtOnceIsGivenBack) {
  std::vector<void*> frames;
  for (int i = 0; i < 10'000; ++i) {
    frames.push_back(takeFrame(1024));
  }
  for (void* frame : frames) {
    giveBackFrame(frame, 1024);
  }
}

TEST(FramePool, AFrameMayEndOnAnotherThread) {
  void* frame = takeFrame(500);
  std::thread other([frame] { giveBackFrame(frame, 500); });
  other.join();
}

}  // namespace
}  // namespace gatehouse::io
