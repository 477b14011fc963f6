// The body of one response as it comes off an HTTP/1.1 connection. Internal to client_connection.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "http/body.h"
#include "http/h1_body.h"
#include "http/h1_client_wire.h"
#include "http/h1_read.h"
#include "io/deadline.h"

namespace gatehouse::http {

class H1ResponseBody final : public BodySource {
 public:
  /// `wire` outlives it.
  H1ResponseBody(H1ClientWire& wire, const MessageFraming& framing);
  ~H1ResponseBody() override;

  /// Takes what was received behind the head, which is changed in place; once, before anything
  /// else. kUpstreamInvalid.
  Result<void> begin(std::span<char> bytes);

  io::Task<Result<Piece>> pull() override;
  bool ready() const override { return (!held_.empty() && !held_given_) || decoder_.done(); }
  std::optional<std::uint64_t> length() const override { return length_; }
  const Fields* trailers() const override { return decoder_.trailers(); }

 private:
  io::Deadline deadline() const;
  Result<Piece> received(Result<std::size_t> count);
  Result<std::string_view> decode(std::span<char> bytes);
  Result<Piece> atEnd();

  H1ClientWire& wire_;
  BodyDecoder decoder_;
  std::optional<std::uint64_t> length_;
  std::string held_;  // content that came with the head
  bool held_given_ = false;
  bool keep_alive_;
};

}  // namespace gatehouse::http
