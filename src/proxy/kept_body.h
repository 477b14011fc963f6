// A request's body that can be sent again: what of it has passed is kept, up to a bound, and what
// has not is still the client's to send. Owner's loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "http/body.h"
#include "io/buffer_pool.h"

namespace gatehouse::proxy {

/// Shared by who may send it again and by the body that is being sent.
class KeptBody : public std::enable_shared_from_this<KeptBody> {
 public:
  /// `body` is not empty; `pool` outlives it. More than `most` bytes are not kept.
  static std::shared_ptr<KeptBody> make(io::BufferPool& pool, http::Body body, std::size_t most);

  /// The body from its beginning; isWhole(). The one given before is not pulled any more.
  http::Body fromBeginning();
  /// Nothing that has passed is lost.
  bool isWhole() const { return whole_; }
  /// Bytes given again.
  std::uint64_t repeated() const { return repeated_; }

 private:
  class Source;

  KeptBody(io::BufferPool& pool, http::Body body, std::size_t most);
  void keep(const http::Piece& piece);
  bool store(std::string_view bytes);

  io::BufferPool& pool_;
  http::Body body_;
  std::size_t most_;
  io::Buffer kept_;
  std::uint64_t repeated_ = 0;
  bool whole_ = true;
  bool ended_ = false;  // all of it has passed
};

}  // namespace gatehouse::proxy
