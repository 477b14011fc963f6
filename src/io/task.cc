#include "io/task.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

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
constexpr std::size_t kKept = 512 * 1024;

/// Lists of free frames, a size class every kStep bytes. Without a destructor, so that reaching it
/// costs nothing: a thread that runs coroutines lives as long as the program.
class FramePool {
 public:
  void* pop(std::size_t index) {
    Free* frame = free_[index];
    if (frame != nullptr) {
      free_[index] = frame->next;
      kept_ -= (index + 1) * kStep;
    }
    return frame;
  }
  bool push(void* frame, std::size_t index) {
    if (kept_ + (index + 1) * kStep > kKept) {
      return false;
    }
    free_[index] = new (frame) Free{free_[index]};
    kept_ += (index + 1) * kStep;
    return true;
  }

 private:
  struct Free {
    Free* next;
  };

  std::array<Free*, kLargest / kStep> free_{};
  std::size_t kept_ = 0;
};

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): what a promise allocates from
// knows its thread alone
constinit thread_local FramePool frames;

constexpr std::size_t classOf(std::size_t size) {
  return (size - 1) / kStep;
}

}  // namespace

void* takeFrame(std::size_t size) {
  if (size > kLargest) {
    return ::operator new(size);
  }
  std::size_t index = classOf(size);
  void* frame = frames.pop(index);
  return frame != nullptr ? frame : ::operator new((index + 1) * kStep);
}

void giveBackFrame(void* frame, std::size_t size) noexcept {
  if (size > kLargest) {
    ::operator delete(frame, size);
    return;
  }
  std::size_t index = classOf(size);
  if (!frames.push(frame, index)) {
    ::operator delete(frame, (index + 1) * kStep);
  }
}

#endif

}  // namespace gatehouse::io
