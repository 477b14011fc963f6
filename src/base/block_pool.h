// Freed memory that one thread keeps at hand by size, because most of what a request takes is given
// back within microseconds and the next request takes the same. Bounded; what is over goes back to
// malloc. Blocks may be given to another thread's pool than the one they came from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace gatehouse {

/// Size classes `step` bytes apart, the smallest of `first` bytes, the largest of at least
/// `largest`; at most `kept` bytes are kept. For constinit thread_local variables of threads that
/// live as long as the program: it has no destructor, so that reaching it costs nothing.
template <std::size_t first, std::size_t step, std::size_t largest, std::size_t kept>
class BlockPool {
 public:
  static constexpr bool pools(std::size_t size) { return size <= kLargest; }
  /// The bytes a block of `size` has; pools(size).
  static constexpr std::size_t capacity(std::size_t size) { return capacityOf(classOf(size)); }

  /// Null if malloc has no more.
  void* take(std::size_t size) {
    std::size_t index = classOf(size);
    Free* block = free_[index];
    if (block == nullptr) [[unlikely]] {
      return std::malloc(capacityOf(index));
    }
    free_[index] = block->next;
    kept_ -= capacityOf(index);
    return block;
  }
  /// `size` as it was asked for.
  void giveBack(void* block, std::size_t size) {
    std::size_t index = classOf(size);
    if (kept_ + capacityOf(index) > kept) [[unlikely]] {
      std::free(block);
      return;
    }
    free_[index] = new (block) Free{free_[index]};
    kept_ += capacityOf(index);
  }

 private:
  struct Free {
    Free* next;
  };

  static constexpr std::size_t classOf(std::size_t size) {
    return size <= first ? 0 : (size - first + step - 1) / step;
  }
  static constexpr std::size_t capacityOf(std::size_t index) { return first + index * step; }
  static constexpr std::size_t kClasses = classOf(largest) + 1;
  static constexpr std::size_t kLargest = capacityOf(kClasses - 1);

  std::array<Free*, kClasses> free_{};
  std::size_t kept_ = 0;
};

}  // namespace gatehouse
