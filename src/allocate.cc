// The program's operator new and delete. A request takes some thirty small blocks and a dozen
// coroutine frames and gives nearly all of them back within microseconds; through malloc the small
// ones alone were a twelfth of what it cost. So each thread keeps freed blocks by size and hands
// them out again.
// What is kept is bounded, and a block may be freed on another thread than it was taken on.
// Sanitizer builds keep their own operators, which watch every block.
#include "allocate.h"

#include <cstdlib>

#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include <array>
#include <cstring>
#include <new>

#include "block_slabs.h"

namespace {

using gatehouse::BlockSlabs;
using gatehouse::kBlockSizes;
using gatehouse::kLargestBlock;

/// Bytes of one size that a thread keeps: a few hundred small blocks, eight large frames. Some
/// fifty sizes are in use.
constexpr std::size_t kKept = std::size_t{32} * 1024;

/// Lists of free blocks, one a size. Without a destructor, so that reaching it costs nothing:
/// threads live as long as the program.
class BlockPool {
 public:
  constexpr BlockPool() {
    for (std::size_t i = 0; i < kBlockSizes; ++i) {
      lists_[i].room = kKept / gatehouse::blockSize(i);
    }
  }

  void* take(std::size_t size) {
    std::size_t index = gatehouse::blockIndex(size);
    List& list = lists_[index];
    Free* block = list.first;
    if (block == nullptr) [[unlikely]] {
      return takeNew(index);
    }
    list.first = block->next;
    ++list.room;
    return block;
  }
  void giveBack(void* block, std::size_t size) {
    List& list = lists_[gatehouse::blockIndex(size)];
    if (list.room == 0) [[unlikely]] {
      BlockSlabs::giveBack(block, slabs_);
      return;
    }
    list.first = new (block) Free{list.first};
    --list.room;
  }

 private:
  struct Free {
    Free* next;
  };
  struct List {
    Free* first = nullptr;
    std::size_t room = 0;  // for so many more
  };

  [[gnu::noinline]] void* takeNew(std::size_t index) {
    if (slabs_ == nullptr) {
      void* memory = std::malloc(sizeof(BlockSlabs));
      if (memory == nullptr) {
        return nullptr;
      }
      slabs_ = new (memory) BlockSlabs;
    }
    return slabs_->take(index);
  }

  std::array<List, kBlockSizes> lists_{};
  BlockSlabs* slabs_ = nullptr;  // made with the first block
};

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new has no other
// place to look
constinit thread_local BlockPool pool;

}  // namespace

namespace gatehouse {

void* takeMemory(std::size_t size) noexcept {
  return size <= kLargestBlock ? pool.take(size) : std::malloc(size);
}

void giveBackMemory(void* block) noexcept {
  if (const std::size_t size = BlockSlabs::sizeOf(block); size != 0) {
    pool.giveBack(block, size);
  } else {
    std::free(block);
  }
}

void* resizeMemory(void* block, std::size_t size) noexcept {
  const std::size_t before = BlockSlabs::sizeOf(block);
  if (block != nullptr && before == 0) {
    return std::realloc(block, size);
  }
  if (size <= before) {
    return block;
  }
  void* larger = takeMemory(size);
  if (larger != nullptr && block != nullptr) {
    std::memcpy(larger, block, before);
    giveBackMemory(block);
  }
  return larger;
}

}  // namespace gatehouse

void* operator new(std::size_t size) {
  void* block = gatehouse::takeMemory(size);
  if (block == nullptr) [[unlikely]] {
    throw std::bad_alloc();
  }
  return block;
}

void operator delete(void* block, std::size_t size) noexcept {
  if (block == nullptr || size > kLargestBlock) {
    std::free(block);
    return;
  }
  pool.giveBack(block, size);
}

// Without its size: seldom, by a library or of a type that is not complete.
void operator delete(void* block) noexcept {
  gatehouse::giveBackMemory(block);
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

#else

namespace gatehouse {

void* takeMemory(std::size_t size) noexcept {
  return std::malloc(size);
}
void* resizeMemory(void* block, std::size_t size) noexcept {
  return std::realloc(block, size);
}
void giveBackMemory(void* block) noexcept {
  std::free(block);
}

}  // namespace gatehouse

#endif
