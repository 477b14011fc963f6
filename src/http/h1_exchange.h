// One request and its reply on an HTTP/1.1 connection. Internal to server_connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/h1_read.h"
#include "http/h1_request_body.h"
#include "http/h1_wire.h"
#include "http/h1_write.h"
#include "http/server_connection.h"
#include "http/upgrade/tunnel.h"

namespace gatehouse::http {

class H1Exchange final : public ServerExchange {
 public:
  /// `wire` outlives it.
  H1Exchange(H1Wire& wire, RequestHead head, const MessageFraming& framing);
  ~H1Exchange() override;

  /// Takes what was received behind the head; once, before anything else.
  void begin(std::string_view bytes) { body_.begin(bytes); }

  RequestHead& head() override { return head_; }
  BodySource* body() override { return &body_; }
  io::Stop& gone() override { return gone_; }
  void writeInterim(const ResponseHead& head) override;
  void writeHead(const ResponseHead& head, Framing framing) override;
  void setTrailers(const Fields& trailers) override;
  io::Task<Result<void>> flush() override { return send({}, Last::kNo); }
  io::Task<Result<void>> write(std::string_view bytes) override { return send(bytes, Last::kNo); }
  io::Task<Result<void>> finish(std::string_view bytes) override { return send(bytes, Last::kYes); }
  TunnelEnd* switched() override;
  void abort() override { wire_.close(); }
  bool headWritten() const override { return state_ != State::kUnwritten; }
  const ExchangeCounts& counts() const override;

 private:
  enum class Last : std::uint8_t { kNo, kYes };
  enum class State : std::uint8_t { kUnwritten, kWriting, kFinished };
  struct Parts;

  ResponseFraming::Body bodyFor(const ResponseHead& head, Framing framing, bool length_declared)
      const;
  Result<void> account(std::string_view bytes, Last last);
  void noteCut(std::size_t taken, std::size_t before, std::size_t size);
  io::Task<Result<void>> send(std::string_view bytes, Last last);

  H1Wire& wire_;
  RequestHead head_;
  H1RequestBody body_;
  io::Stop gone_;
  std::string out_;                // the reply's head until it has left
  std::uint64_t length_left_ = 0;  // of a reply of declared length
  mutable ExchangeCounts counts_;
  std::unique_ptr<TunnelEnd> tunnel_;        // after a 101
  std::unique_ptr<std::string> last_chunk_;  // of a reply that has trailers
  Method method_;
  Version version_;
  bool may_keep_alive_;
  bool takes_trailers_;
  State state_ = State::kUnwritten;
  ResponseFraming::Body framing_ = ResponseFraming::Body::kNone;
};

}  // namespace gatehouse::http
