#include "io/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "base/result.h"

namespace gatehouse::io {

namespace {

constexpr std::size_t kSmallest = 4096;
constexpr std::size_t kBigStep = 64u << 10;

/// Index of the smallest class that holds `capacity`.
std::size_t classOf(std::size_t capacity) {
  return static_cast<std::size_t>(std::bit_width((std::max(capacity, kSmallest) - 1) / kSmallest));
}

}  // namespace

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
  if (index < kClasses && !free_[index].empty()) {
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
  if (index < kClasses && kept_ + capacity <= kKeepBytes) {
    free_[index].push_back(data);
    kept_ += capacity;
  } else {
    std::free(data);
  }
}

}  // namespace gatehouse::io
