// Memory for the program's small blocks, behind what each thread keeps of them (allocate.cc).
// Blocks of one size lie together in slabs, and an empty slab's pages go back to the system.
// Requests that come at once take a dozen frames each for some milliseconds, and a few small blocks
// for as long as their stream lasts: side by side in malloc's heap the latter keep the pages of the
// former for good, which is more than twice what the streams need.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

namespace gatehouse {

/// Sizes are multiples of this, and so are the addresses of blocks.
inline constexpr std::size_t kBlockStep = 16;
inline constexpr std::size_t kLargestBlock = 4096;

/// Index of the smallest size that holds `size`, up to kLargestBlock, and the reverse. Nothing has
/// a block of its own as well.
constexpr std::size_t blockIndex(std::size_t size) {
  return (size + kBlockStep - 1) / kBlockStep;
}
constexpr std::size_t blockSize(std::size_t index) {
  return index == 0 ? kBlockStep : index * kBlockStep;
}
inline constexpr std::size_t kBlockSizes = blockIndex(kLargestBlock) + 1;

/// The slabs of one thread. Blocks are taken by that thread and may be given back by any. Never
/// destroyed: others may hold blocks of it.
class BlockSlabs {
 public:
  BlockSlabs() = default;
  BlockSlabs(const BlockSlabs&) = delete;
  BlockSlabs& operator=(const BlockSlabs&) = delete;

  /// Of blockSize(index) bytes; null: there is no memory. By the owner's thread.
  void* take(std::size_t index);
  /// A block of any thread's take(). `own`: the slabs of the thread that calls, or null.
  static void giveBack(void* block, BlockSlabs* own);
  /// Bytes of a block; 0 if it lies in no slab: malloc has given it.
  static std::size_t sizeOf(void* block);

 private:
  struct Slab;
  struct Free {
    Free* next;
  };

  /// Empty slabs that are kept as they are.
  static constexpr std::size_t kKeptEmpty = 8;

  Slab* slabFor(std::size_t index);
  void put(Free* block);
  void takeReturned();
  void open(Slab& slab);
  void close(Slab& slab);
  void retire(Slab& slab);

  std::array<Slab*, kBlockSizes> open_{};  // with room; lists
  Slab* empty_ = nullptr;                  // a list
  std::size_t empties_ = 0;
  std::atomic<Free*> returned_{nullptr};  // by other threads
};

}  // namespace gatehouse
