// Body buffers of one worker: size classes, 64 readable bytes after the end, and one cap on all
// bytes lent (D12). A body of known length is received straight into its final buffer; one of
// unknown length grows. Owner's thread only.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace gatehouse::io {

/// Readable (zeroed when frozen) bytes behind every buffer: simdjson reads that far past the end.
inline constexpr std::size_t kBufferPadding = 64;

class BufferPool;

/// Bytes being collected. Move-only; returns its memory to the pool, which outlives it.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer();

  std::string_view view() const [[clang::lifetimebound]] { return {data_, size_}; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  /// The unused part: receive here, then commit().
  std::span<char> space() [[clang::lifetimebound]] { return {data_ + size_, capacity_ - size_}; }
  /// `count` bytes of space() are filled now.
  void commit(std::size_t count);
  /// Room for at least `free` more bytes, keeping the content; grows by at least half. kOverloaded,
  /// kBodyTooLarge.
  Result<void> reserve(std::size_t free);
  /// Copies to the end, growing as needed. kOverloaded, kBodyTooLarge.
  Result<void> append(std::string_view bytes);
  /// The bytes as a Chunk; the memory goes back to the pool with its last copy, on this thread. The
  /// Chunk keeps kBufferPadding readable zero bytes behind its end.
  Chunk freeze() &&;

 private:
  friend class BufferPool;
  Buffer(BufferPool& pool, char* data, std::size_t capacity)
      : pool_(&pool), data_(data), capacity_(capacity) {}

  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

class BufferPool {
 public:
  /// `cap`: bytes lent at most, all buffers together.
  explicit BufferPool(std::size_t cap);
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;
  /// Every buffer and frozen Chunk is gone.
  ~BufferPool();

  /// At least `capacity` bytes of space. kBodyTooLarge when the cap could never hold it,
  /// kOverloaded when it does not now.
  Result<Buffer> take(std::size_t capacity);

  std::size_t lent() const { return lent_; }
  /// Bytes kept for the next buffers though nothing of them is lent.
  std::size_t kept() const;
  std::size_t cap() const { return cap_; }
  void setCap(std::size_t cap) { cap_ = cap; }

 private:
  friend class Buffer;
  struct Slab;

  /// 1 KiB to 4 MiB; larger ones come from the allocator each time.
  static constexpr std::size_t kClasses = 13;
  /// The first classes live in slabs: bodies of a burst of requests must not lie between what its
  /// long streams keep, where the system could never have their pages back.
  static constexpr std::size_t kSlabClasses = 3;
  static constexpr std::size_t kKeepBytes = 8u << 20;

  char* takeSmall(std::size_t index);
  void giveBackSmall(char* data, std::size_t index);
  void giveBack(char* data, std::size_t capacity);

  std::array<Slab*, kSlabClasses> slabs_{};        // with a free buffer; lists
  std::array<std::size_t, kSlabClasses> empty_{};  // of them, with nothing lent
  std::array<std::vector<char*>, kClasses> free_;
  std::size_t kept_ = 0;
  std::size_t lent_ = 0;
  std::size_t cap_;
};

}  // namespace gatehouse::io
