// Bytes on their way out of one HTTP/2 connection, in order: small ones copied, so that many frames
// leave in one system call, large ones lent until the next attempt to send. Owner's loop only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "io/stream.h"

namespace gatehouse::http {

class OutQueue {
 public:
  /// Copied.
  void put(std::string_view bytes);
  /// Stay valid until send() returns.
  void lend(std::string_view bytes);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  bool hasLent() const { return has_lent_; }

  struct Sent {
    io::IoState state = io::IoState::kDone;
    std::size_t bytes = 0;
  };
  /// One attempt. What the system does not take is kept, and copied if it was lent. Also with
  /// nothing in it: a TLS stream may hold records of its own.
  Sent send(io::Stream& stream);

 private:
  struct Piece {
    const char* lent;   // null: lies in copied_
    std::size_t begin;  // in copied_
    std::size_t size;
  };
  std::string_view view(const Piece& piece) const {
    return {piece.lent != nullptr ? piece.lent : copied_.data() + piece.begin, piece.size};
  }
  void keepFrom(std::size_t taken);
  void clear();

  std::string copied_;
  std::vector<Piece> pieces_;
  std::size_t size_ = 0;
  bool has_lent_ = false;
};

}  // namespace gatehouse::http
