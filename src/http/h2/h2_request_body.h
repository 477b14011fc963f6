// The body of one request as it comes on an HTTP/2 stream. What is not pulled yet lies in a pool
// buffer, at most a stream's window of it; pulling lets the client send on. Internal to h2/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/body.h"
#include "http/h2/h2_session.h"
#include "http/h2/request_head.h"
#include "io/buffer_pool.h"

namespace gatehouse::http {

struct H2ServerWire;

class H2RequestBody final : public BodySource {
 public:
  /// `wire` outlives it. `ended`: there is no body.
  H2RequestBody(H2ServerWire& wire, H2StreamId id, const H2Framing& framing, bool ended);

  io::Task<Result<Piece>> pull() override { return receive({}); }
  io::Task<Result<Piece>> pullInto(std::span<char> space) override { return receive(space); }
  io::Buffer takeReceived() override;
  bool ready() const override;
  std::optional<std::uint64_t> length() const override;
  const Fields* trailers() const override { return trailers_.get(); }

  // What the stream brings, see H2Stream.
  void onData(std::string_view bytes);
  void onTrailer(std::string_view name, std::string_view value);
  void onEnd();
  /// It will not go on.
  void onBroken(Error error);
  /// It breaks the protocol (RFC 9113 section 8.1.1), which counts as if the client reset it.
  void onMalformed(std::string_view what);
  /// Nobody pulls any more: what came and was not pulled no longer fills the connection's window.
  void leave();

  /// Bytes already pulled are given up.
  void replyBegins();
  /// The client has sent all of it.
  bool ended() const { return ended_; }
  /// It broke the protocol.
  bool malformed() const { return malformed_; }
  std::uint64_t bytesIn() const { return bytes_in_; }

 private:
  class Arrival;

  io::Task<Result<Piece>> receive(std::span<char> space);
  Result<Piece> take();
  void store(std::string_view bytes);
  Result<void> storeFirst(std::string_view bytes);
  void used(std::size_t count);
  std::string_view stored() const { return received_.view().substr(received_at_); }

  H2ServerWire& wire_;
  H2StreamId id_;
  std::optional<std::uint64_t> length_;  // declared
  io::Buffer received_;
  std::size_t received_at_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t bytes_in_ = 0;  // of them, pulled
  Arrival* waiting_ = nullptr;
  std::unique_ptr<Error> broken_;
  std::unique_ptr<Fields> trailers_;
  std::size_t trailer_size_ = 0;
  bool awaits_invitation_;
  bool ended_;
  bool malformed_ = false;
};

}  // namespace gatehouse::http
