#include "base/bytes.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace gatehouse {

Chunk Chunk::own(std::string text) {
  auto owner = std::make_shared<const std::string>(std::move(text));
  std::string_view view = *owner;
  return Chunk(std::move(owner), view);
}

Chunk Chunk::copy(std::string_view bytes) {
  return own(std::string(bytes));
}

Chunk Chunk::share(std::shared_ptr<const void> owner, std::string_view bytes) {
  return Chunk(std::move(owner), bytes);
}

Chunk Chunk::literal(std::string_view bytes) {
  return Chunk(nullptr, bytes);
}

Chunk Chunk::slice(std::size_t from, std::size_t length) const {
  return Chunk(owner_, view_.substr(from, length));
}

void ChunkQueue::push(Chunk chunk) {
  if (chunk.empty()) {
    return;
  }
  size_ += chunk.size();
  chunks_.push_back(std::move(chunk));
}

void ChunkQueue::consume(std::size_t count) {
  GATEHOUSE_INVARIANT(count <= size_);
  size_ -= count;
  while (count > 0) {
    Chunk& front = chunks_.front();
    if (count < front.size()) {
      front = front.slice(count);
      return;
    }
    count -= front.size();
    chunks_.pop_front();
  }
}

std::string ChunkQueue::flatten() const {
  std::string text;
  text.reserve(size_);
  for (const Chunk& chunk : chunks_) {
    text += chunk.view();
  }
  return text;
}

}  // namespace gatehouse
