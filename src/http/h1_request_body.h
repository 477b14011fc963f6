// The body of one request as it comes off an HTTP/1.1 connection. Internal to server_connection and
// h1_exchange.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "http/body.h"
#include "http/h1_body.h"
#include "http/h1_read.h"
#include "http/h1_wire.h"
#include "io/buffer_pool.h"

namespace gatehouse::http {

class H1RequestBody final : public BodySource {
 public:
  /// `wire` outlives it.
  H1RequestBody(H1Wire& wire, const MessageFraming& framing);

  /// Takes what was received behind the head; once, before anything else. When there is no memory
  /// for it, the first pull says so.
  void begin(std::string_view bytes);

  io::Task<Result<Piece>> pull() override { return receive({}); }
  io::Task<Result<Piece>> pullInto(std::span<char> space) override { return receive(space); }
  io::Buffer takeReceived() override;
  bool ready() const override;
  std::optional<std::uint64_t> length() const override { return length_; }
  const Fields* trailers() const override { return decoder_.trailers(); }

  /// The reply begins: no invitation after it, and bytes already pulled are given up. Whether the
  /// connection can go on after this exchange as far as its body matters.
  bool replyBegins();
  /// Leaves the unread rest to the connection.
  void leaveRest();
  /// The client will be invited to send the body when that is pulled.
  bool mayInvite() const { return awaits_invitation_; }
  /// The invitation to send the body waits for the client to take it.
  bool inviting() const { return inviting_; }
  std::uint64_t bytesIn() const { return bytes_in_; }

 private:
  io::Task<Result<Piece>> receive(std::span<char> space);
  io::Task<Result<void>> invite();
  std::unexpected<Error> notReceived(Error error);
  Result<Piece> nextReceived();
  Result<Piece> decode(std::span<char> bytes);
  std::string_view receivedRest() const { return received_.view().substr(received_at_); }
  std::unexpected<Error> broken(Error error);

  H1Wire& wire_;
  BodyDecoder decoder_;
  std::optional<std::uint64_t> length_;
  io::Buffer received_;  // raw bytes that came with the head
  std::size_t received_at_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::unique_ptr<Error> overloaded_;
  bool awaits_invitation_;
  bool inviting_ = false;
  bool interrupted_ = false;  // the last pull was cancelled while the client had to send
};

}  // namespace gatehouse::http
