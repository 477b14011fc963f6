#include "io/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "base/result.h"

namespace gatehouse::io {

namespace {

constexpr std::size_t kSmallest = 1024;
constexpr std::size_t kBigStep = 64u << 10;
/// Bytes of a slab, and where it may begin.
constexpr std::size_t kSlab = 64u << 10;
/// Empty slabs that are kept of each class.
constexpr std::size_t kEmptySlabs = 2;

/// Index of the smallest class that holds `capacity`.
std::size_t classOf(std::size_t capacity) {
  return static_cast<std::size_t>(std::bit_width((std::max(capacity, kSmallest) - 1) / kSmallest));
}

/// Pages of the system's own, at a multiple of kSlab. Null when there are none.
void* mapSlab() {
  void* all =
      ::mmap(nullptr, 2 * kSlab, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) {
    return nullptr;
  }
  void* begin = all;
  std::size_t room = 2 * kSlab;
  std::align(kSlab, kSlab, begin, room);
  char* end = static_cast<char*>(begin) + kSlab;
  if (begin != all) {
    ::munmap(all, 2 * kSlab - room);
  }
  if (room > kSlab) {
    ::munmap(end, room - kSlab);
  }
  return begin;
}

}  // namespace

/// Stands at the begin of its memory; its buffers follow.
struct BufferPool::Slab {
  struct Free {
    Free* next;
  };

  Slab* before = nullptr;
  Slab* after = nullptr;
  Free* free = nullptr;
  std::size_t lent = 0;

  static Slab* of(char* data) {
    auto offset = reinterpret_cast<std::uintptr_t>(data) % kSlab;
    return reinterpret_cast<Slab*>(data - offset);
  }
  void put(char* data) { free = new (data) Free{free}; }
};

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

Buffer::~Buffer() {
  if (data_ != nullptr) {
    pool_->giveBack(data_, capacity_);
  }
}

void Buffer::commit(std::size_t count) {
  GATEHOUSE_DEBUG_CHECK(count <= capacity_ - size_);
  size_ += count;
}

Result<void> Buffer::reserve(std::size_t free) {
  if (capacity_ - size_ >= free) {
    return {};
  }
  GATEHOUSE_INVARIANT(pool_ != nullptr);
  GATEHOUSE_TRY(Buffer larger, pool_->take(std::max(size_ + free, capacity_ + capacity_ / 2)));
  std::memcpy(larger.data_, data_, size_);
  larger.size_ = size_;
  *this = std::move(larger);
  return {};
}

Result<void> Buffer::append(std::string_view bytes) {
  GATEHOUSE_CHECK_OK(reserve(bytes.size()));
  std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  return {};
}

Chunk Buffer::freeze() && {
  if (data_ == nullptr) {
    return {};
  }
  std::memset(data_ + size_, 0, kBufferPadding);
  std::string_view bytes = view();
  BufferPool* pool = pool_;
  std::size_t capacity = capacity_;
  std::shared_ptr<const void> owner(std::exchange(data_, nullptr), [pool, capacity](char* data) {
    pool->giveBack(data, capacity);
  });
  pool_ = nullptr;
  size_ = 0;
  capacity_ = 0;
  return Chunk::share(std::move(owner), bytes);
}

BufferPool::BufferPool(std::size_t cap) : cap_(cap) {}

BufferPool::~BufferPool() {
  GATEHOUSE_INVARIANT(lent_ == 0);
  for (std::vector<char*>& kept : free_) {
    for (char* data : kept) {
      std::free(data);
    }
  }
  for (Slab* slab : slabs_) {
    while (slab != nullptr) {
      ::munmap(std::exchange(slab, slab->after), kSlab);
    }
  }
}

char* BufferPool::takeSmall(std::size_t index) {
  Slab*& first = slabs_[index];
  if (first == nullptr) {
    void* memory = mapSlab();
    GATEHOUSE_INVARIANT(memory != nullptr);
    first = new (memory) Slab;
    ++empty_[index];
    std::size_t step = (kSmallest << index) + kBufferPadding;
    for (std::size_t at = kSlab - step; at >= kBufferPadding; at -= std::min(at, step)) {
      first->put(static_cast<char*>(memory) + at);
    }
  }
  Slab* slab = first;
  empty_[index] -= slab->lent == 0 ? 1 : 0;
  ++slab->lent;
  char* data = reinterpret_cast<char*>(slab->free);
  slab->free = slab->free->next;
  if (slab->free == nullptr) {
    first = slab->after;
    if (first != nullptr) {
      first->before = nullptr;
    }
    slab->after = nullptr;
  }
  return data;
}

void BufferPool::giveBackSmall(char* data, std::size_t index) {
  Slab* slab = Slab::of(data);
  bool was_full = slab->free == nullptr;
  slab->put(data);
  Slab*& first = slabs_[index];
  if (was_full) {
    slab->after = first;
    if (first != nullptr) {
      first->before = slab;
    }
    first = slab;
  }
  if (--slab->lent != 0 || ++empty_[index] <= kEmptySlabs) {
    return;
  }
  --empty_[index];
  (slab->before != nullptr ? slab->before->after : first) = slab->after;
  if (slab->after != nullptr) {
    slab->after->before = slab->before;
  }
  ::munmap(slab, kSlab);
}

std::size_t BufferPool::kept() const {
  std::size_t slabs = 0;
  for (std::size_t empty : empty_) {
    slabs += empty;
  }
  return kept_ + slabs * kSlab;
}

Result<Buffer> BufferPool::take(std::size_t capacity) {
  if (capacity > cap_) {
    return fail(
        ErrorKind::kBodyTooLarge,
        Origin::kDownstream,
        "body needs " + std::to_string(capacity) + " bytes, this worker may buffer " +
            std::to_string(cap_)
    );
  }
  std::size_t index = classOf(capacity);
  std::size_t size =
      index < kClasses ? kSmallest << index : (capacity + kBigStep - 1) / kBigStep * kBigStep;
  if (size > cap_ - std::min(lent_, cap_)) {
    return fail(
        ErrorKind::kOverloaded,
        Origin::kGateway,
        "bodies of other requests fill the " + std::to_string(cap_) +
            " bytes this worker may buffer",
        Retry::kYes
    );
  }
  char* data = nullptr;
  if (index < kSlabClasses) {
    data = takeSmall(index);
  } else if (index < kClasses && !free_[index].empty()) {
    data = free_[index].back();
    free_[index].pop_back();
    kept_ -= size;
  } else {
    data = static_cast<char*>(std::malloc(size + kBufferPadding));
    GATEHOUSE_INVARIANT(data != nullptr);
  }
  lent_ += size;
  return Buffer(*this, data, size);
}

void BufferPool::giveBack(char* data, std::size_t capacity) {
  lent_ -= capacity;
  std::size_t index = classOf(capacity);
  if (index < kSlabClasses) {
    giveBackSmall(data, index);
  } else if (index < kClasses && kept_ + capacity <= kKeepBytes) {
    free_[index].push_back(data);
    kept_ += capacity;
  } else {
    std::free(data);
  }
}

}  // namespace gatehouse::io
