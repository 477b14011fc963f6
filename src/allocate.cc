// The program's operator new and delete. A request takes some thirty small blocks and a dozen
// coroutine frames and gives nearly all of them back within microseconds; through malloc the small
// ones alone were a twelfth of what it cost. So each thread keeps freed blocks by size and hands
// them out again.
// What is kept is bounded, and a block may be freed on another thread than it was taken on.
// Sanitizer builds keep their own operators, which watch every block.
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

/// Size classes are the sizes that blocks of glibc's malloc have, so that nothing is wasted.
constexpr std::size_t kStep = 16;
constexpr std::size_t classOf(std::size_t size) {
  return (size + kStep / 2 - 1) / kStep;
}
constexpr std::size_t capacityOf(std::size_t index) {
  return index * kStep + kStep / 2;
}
/// Most coroutine frames are smaller.
constexpr std::size_t kClasses = 257;
constexpr std::size_t kLargest = capacityOf(kClasses - 1);
static_assert(classOf(8) == 0 && classOf(9) == 1 && classOf(24) == 1 && classOf(25) == 2);
static_assert(kLargest >= 4096 && classOf(kLargest) == kClasses - 1);
/// Bytes of one size that a thread keeps: a few hundred small blocks, eight large frames. Some
/// fifty sizes are in use.
constexpr std::size_t kKept = std::size_t{32} * 1024;

/// Lists of free blocks, one a size class. Without a destructor, so that reaching it costs nothing:
/// threads live as long as the program.
class BlockPool {
 public:
  constexpr BlockPool() {
    for (std::size_t i = 0; i < kClasses; ++i) {
      lists_[i].room = kKept / capacityOf(i);
    }
  }

  void* take(std::size_t size) {
    std::size_t index = classOf(size);
    List& list = lists_[index];
    Free* block = list.first;
    if (block == nullptr) [[unlikely]] {
      return std::malloc(capacityOf(index));
    }
    list.first = block->next;
    ++list.room;
    return block;
  }
  void giveBack(void* block, std::size_t size) {
    List& list = lists_[classOf(size)];
    if (list.room == 0) [[unlikely]] {
      std::free(block);
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

  std::array<List, kClasses> lists_{};
};

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new has no other
// place to look
constinit thread_local BlockPool pool;

}  // namespace

void* operator new(std::size_t size) {
  void* block = size <= kLargest ? pool.take(size) : std::malloc(size);
  if (block == nullptr) [[unlikely]] {
    throw std::bad_alloc();
  }
  return block;
}

void operator delete(void* block, std::size_t size) noexcept {
  if (block == nullptr || size > kLargest) {
    std::free(block);
    return;
  }
  pool.giveBack(block, size);
}

// Without its size: seldom, by a library or of a type that is not complete.
void operator delete(void* block) noexcept {
  std::free(block);
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
