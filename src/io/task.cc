#include "io/task.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include "base/block_pool.h"

namespace gatehouse::io {

void crashOnException() noexcept {
  try {
    throw;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gatehouse: exception left a task: %s\n", error.what());
  } catch (...) {
    std::fputs("gatehouse: unknown exception left a task\n", stderr);
  }
  std::abort();
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)

void* takeFrame(std::size_t size) {
  return ::operator new(size);
}

void giveBackFrame(void* frame, std::size_t size) noexcept {
  ::operator delete(frame, size);
}

#else

namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kLargest = 4096;
/// Bytes kept by one thread: some hundred requests that end at once.
constexpr std::size_t kKept = std::size_t{512} * 1024;
using Frames = BlockPool<kStep, kStep, kLargest, kKept>;

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what a promise allocates from
// knows its thread alone
constinit thread_local Frames frames;

}  // namespace

void* takeFrame(std::size_t size) {
  if (!Frames::pools(size)) {
    return ::operator new(size);
  }
  void* frame = frames.take(size);
  if (frame == nullptr) [[unlikely]] {
    throw std::bad_alloc();
  }
  return frame;
}

void giveBackFrame(void* frame, std::size_t size) noexcept {
  if (!Frames::pools(size)) {
    ::operator delete(frame, size);
    return;
  }
  frames.giveBack(frame, size);
}

#endif

}  // namespace gatehouse::io
