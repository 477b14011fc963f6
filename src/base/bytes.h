// Bytes that travel. A Chunk is a shared, immutable slice: copying it shares the storage. A
// ChunkQueue is an ordered list of them. Neither knows what the bytes mean. Owner's thread only,
// unless the storage was handed over by posting.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace gatehouse {

class Chunk {
 public:
  Chunk() = default;
  /// Takes the string's storage; no copy for strings past the small-string size.
  static Chunk own(std::string text);
  static Chunk copy(std::string_view bytes);
  /// A view into storage kept alive by `owner`.
  static Chunk share(std::shared_ptr<const void> owner, std::string_view bytes);
  /// Bytes that live as long as the program (literals).
  static Chunk literal(std::string_view bytes);

  std::string_view view() const { return view_; }
  std::size_t size() const { return view_.size(); }
  bool empty() const { return view_.empty(); }
  /// The part from `from`, at most `length` bytes; shares the storage.
  Chunk slice(std::size_t from, std::size_t length = std::string_view::npos) const;

 private:
  Chunk(std::shared_ptr<const void> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}

  std::shared_ptr<const void> owner_;
  std::string_view view_;
};

class ChunkQueue {
 public:
  void push(Chunk chunk);
  /// Removes `count` bytes from the front; `count` is at most size().
  void consume(std::size_t count);
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const std::deque<Chunk>& chunks() const { return chunks_; }
  /// All bytes in one string, for tests and error texts.
  std::string flatten() const;

 private:
  std::deque<Chunk> chunks_;
  std::size_t size_ = 0;
};

}  // namespace gatehouse
