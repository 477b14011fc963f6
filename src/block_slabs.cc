#include "block_slabs.h"

#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>

namespace gatehouse {
namespace {

constexpr std::size_t kSlab = std::size_t{32} << 10;
/// Of addresses; only what is used takes memory. What does not fit comes from malloc.
constexpr std::size_t kReserved = std::size_t{16} << 30;
/// Made usable at a time.
constexpr std::size_t kUsable = std::size_t{4} << 20;

/// A range of addresses that slabs of all threads are cut from.
class Range {
 public:
  /// Pages that read as zero or as they were left; null when there are no more.
  void* take() {
    const std::lock_guard lock(mutex_);
    if (begin_ == 0 && !reserve()) {
      return nullptr;
    }
    if (free_count_ != 0) {
      return at(free_[--free_count_]);
    }
    const std::uintptr_t next = next_.load(std::memory_order_relaxed);
    if (next == usable_ && !makeUsable()) {
      return nullptr;
    }
    next_.store(next + kSlab, std::memory_order_relaxed);
    return reinterpret_cast<void*>(next);
  }

  /// The system has its pages from now on.
  void giveBack(void* slab) {
    ::madvise(slab, kSlab, MADV_DONTNEED);
    const std::lock_guard lock(mutex_);
    const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(slab) - begin_;
    free_[free_count_++] = static_cast<std::uint32_t>(offset / kSlab);
  }

  /// Also of threads that have seen no slab yet: a block of one came to them by way of something
  /// that orders memory.
  bool holds(const void* block) const {
    const auto address = reinterpret_cast<std::uintptr_t>(block);
    const std::uintptr_t begin = begin_.load(std::memory_order_relaxed);
    return begin <= address && address < next_.load(std::memory_order_relaxed);
  }

 private:
  void* at(std::size_t number) const {
    return reinterpret_cast<void*>(begin_.load(std::memory_order_relaxed) + number * kSlab);
  }
  bool reserve() {
    if (std::exchange(tried_, true)) {
      return false;
    }
    constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void* all = ::mmap(nullptr, kReserved + kSlab, PROT_NONE, kFlags, -1, 0);
    if (all == MAP_FAILED) {
      return false;
    }
    ::madvise(all, kReserved + kSlab, MADV_NOHUGEPAGE);  // what is used is to be what is held
    usable_ = (reinterpret_cast<std::uintptr_t>(all) + kSlab - 1) & ~(kSlab - 1);
    next_.store(usable_, std::memory_order_relaxed);
    begin_.store(usable_, std::memory_order_relaxed);
    return true;
  }
  /// Only these count where the system promises no more memory than it has.
  bool makeUsable() {
    const bool more =
        usable_ < begin_ + kReserved &&
        ::mprotect(reinterpret_cast<void*>(usable_), kUsable, PROT_READ | PROT_WRITE) == 0;
    usable_ += more ? kUsable : 0;
    return more;
  }

  std::mutex mutex_;
  std::atomic<std::uintptr_t> begin_{0};
  std::atomic<std::uintptr_t> next_{0};  // what lies before it has been used
  std::uintptr_t usable_ = 0;            // where that which may be used ends
  // Numbers of slabs. They do not lie in these, where each would hold a page.
  std::array<std::uint32_t, kReserved / kSlab> free_{};
  std::size_t free_count_ = 0;
  bool tried_ = false;
};

// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new has no other
// place to look
constinit Range range;

}  // namespace

/// Stands at the begin of its memory; its blocks follow.
struct alignas(kBlockStep) BlockSlabs::Slab {
  Slab(BlockSlabs& slabs, std::size_t of) : owner(&slabs), index(of) {}

  static Slab& of(void* block) {
    return *reinterpret_cast<Slab*>(reinterpret_cast<std::uintptr_t>(block) & ~(kSlab - 1));
  }
  bool full() const { return free == nullptr && used_to + blockSize(index) > kSlab; }
  void* take() {
    ++lent;
    if (free != nullptr) {
      return std::exchange(free, free->next);
    }
    return reinterpret_cast<char*>(this) + std::exchange(used_to, used_to + blockSize(index));
  }

  BlockSlabs* owner;
  Slab* before = nullptr;
  Slab* after = nullptr;
  Free* free = nullptr;
  std::size_t index;
  std::size_t lent = 0;
  std::size_t used_to = sizeof(Slab);  // what lies behind has never been touched
};

void* BlockSlabs::take(std::size_t index) {
  if (returned_.load(std::memory_order_relaxed) != nullptr) {
    takeReturned();
  }
  Slab* slab = slabFor(index);
  if (slab == nullptr) {
    return std::malloc(blockSize(index));
  }
  void* block = slab->take();
  if (slab->full()) {
    close(*slab);
  }
  return block;
}

void BlockSlabs::giveBack(void* block, BlockSlabs* own) {
  if (!range.holds(block)) {
    std::free(block);
    return;
  }
  BlockSlabs* owner = Slab::of(block).owner;
  if (owner == own) {
    owner->put(new (block) Free{nullptr});
    return;
  }
  Free* freed = new (block) Free{owner->returned_.load(std::memory_order_relaxed)};
  while (!owner->returned_.compare_exchange_weak(
      freed->next, freed, std::memory_order_release, std::memory_order_relaxed
  )) {
  }
}

std::size_t BlockSlabs::sizeOf(void* block) {
  return range.holds(block) ? blockSize(Slab::of(block).index) : 0;
}

/// One with room.
BlockSlabs::Slab* BlockSlabs::slabFor(std::size_t index) {
  if (open_[index] != nullptr) {
    return open_[index];
  }
  void* memory = nullptr;
  if (empty_ != nullptr) {
    memory = std::exchange(empty_, empty_->after);
    --empties_;
  } else {
    memory = range.take();
  }
  if (memory == nullptr) {
    return nullptr;
  }
  open(*new (memory) Slab(*this, index));
  return open_[index];
}

void BlockSlabs::put(Free* block) {
  Slab& slab = Slab::of(block);
  if (slab.full()) {
    open(slab);
  }
  block->next = std::exchange(slab.free, block);
  if (--slab.lent == 0) {
    close(slab);
    retire(slab);
  }
}

/// What other threads have given back.
void BlockSlabs::takeReturned() {
  for (Free* block = returned_.exchange(nullptr, std::memory_order_acquire); block != nullptr;) {
    put(std::exchange(block, block->next));
  }
}

/// Into the list of those with room.
void BlockSlabs::open(Slab& slab) {
  slab.before = nullptr;
  slab.after = std::exchange(open_[slab.index], &slab);
  if (slab.after != nullptr) {
    slab.after->before = &slab;
  }
}

void BlockSlabs::close(Slab& slab) {
  (slab.before == nullptr ? open_[slab.index] : slab.before->after) = slab.after;
  if (slab.after != nullptr) {
    slab.after->before = slab.before;
  }
}

void BlockSlabs::retire(Slab& slab) {
  if (empties_ == kKeptEmpty) {
    range.giveBack(&slab);
    return;
  }
  slab.after = std::exchange(empty_, &slab);
  ++empties_;
}

}  // namespace gatehouse
