// The program's operator new and delete: small blocks come from their thread's BlockPool. A request
// takes some thirty of them; malloc would be a twelfth of its cost. Sanitizer builds keep their
// own, which watch every block.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include <cstddef>
#include <cstdlib>
#include <new>

#include "base/block_pool.h"

namespace {

// The sizes that glibc's blocks have, so that nothing is wasted; twice as far as a request goes.
constexpr std::size_t kFirst = 24;
constexpr std::size_t kStep = 16;
constexpr std::size_t kLargest = 1024;
// Bytes kept by one thread: some hundred requests that end at once.
constexpr std::size_t kKept = std::size_t{512} * 1024;
using Pool = gatehouse::BlockPool<kFirst, kStep, kLargest, kKept>;

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new has no other
// place to look
constinit thread_local Pool pool;

}  // namespace

void* operator new(std::size_t size) {
  void* block = Pool::pools(size) ? pool.take(size) : std::malloc(size);
  if (block == nullptr) [[unlikely]] {
    throw std::bad_alloc();
  }
  return block;
}

void operator delete(void* block, std::size_t size) noexcept {
  if (block == nullptr || !Pool::pools(size)) {
    std::free(block);
    return;
  }
  pool.giveBack(block, size);
}

void operator delete(void* block) noexcept {
  std::free(block);  // seldom: of a type that is not complete, or by a library
}

void* operator new[](std::size_t size) {
  return operator new(size);
}
void operator delete[](void* block, std::size_t size) noexcept {
  operator delete(block, size);
}
void operator delete[](void* block) noexcept {
  operator delete(block);
}

#endif
