// One request and its reply on an HTTP/2 stream. Internal to h2/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/h2/h2_framed.h"
#include "http/h2/h2_request_body.h"
#include "http/h2/h2_session.h"
#include "http/server_connection.h"
#include "io/list.h"

namespace gatehouse::http {

struct H2ServerWire;

class H2Exchange final : public ServerExchange, public H2Stream, public io::ListNode {
 public:
  /// `wire` outlives it. `ended`: the request has no body.
  H2Exchange(
      H2ServerWire& wire, H2StreamId id, RequestHead head, const H2Framing& framing, bool ended
  );
  ~H2Exchange() override;

  RequestHead& head() override { return head_; }
  BodySource* body() override { return &body_; }
  io::Stop& gone() override { return gone_; }
  void writeInterim(const ResponseHead& head) override;
  void writeHead(const ResponseHead& head, Framing framing) override;
  void setTrailers(const Fields& trailers) override;
  io::Task<Result<void>> flush() override;
  io::Task<Result<void>> write(std::string_view bytes) override { return send(bytes, Last::kNo); }
  io::Task<Result<void>> finish(std::string_view bytes) override { return send(bytes, Last::kYes); }
  void abort() override;
  bool headWritten() const override { return state_ != State::kUnwritten; }
  const ExchangeCounts& counts() const override;

  void onData(std::string_view bytes) override { body_.onData(bytes); }
  void onField(std::string_view name, std::string_view value) override {
    body_.onTrailer(name, value);
  }
  void onSectionEnd(bool ended) override;
  void onEnd() override { body_.onEnd(); }
  void onClosed(H2Error reason) override;
  /// The connection is lost, and the stream with it.
  void onLost();

 private:
  enum class Last : std::uint8_t { kNo, kYes };
  enum class State : std::uint8_t { kUnwritten, kWriting, kFinished };

  Result<void> account(std::string_view bytes, Last last);
  H2Error whyCut() const;
  Result<void> framed(H2Framed::Came came) const;
  bool replied() const;
  bool broken() const;
  io::Task<Result<void>> send(std::string_view bytes, Last last);
  void over(std::string_view why);

  H2ServerWire& wire_;
  H2StreamId id_;
  RequestHead head_;
  H2RequestBody body_;
  io::Stop gone_;
  H2Outgoing outgoing_;
  std::string rest_;                          // of what a write was lent, until it is framed
  std::unique_ptr<Fields> trailers_;          // of the reply
  std::optional<std::uint64_t> length_left_;  // of a reply of declared length
  mutable ExchangeCounts counts_;
  bool is_head_;  // the request's method is HEAD
  bool has_body_ = false;
  bool closed_ = false;  // there is no stream any more
  State state_ = State::kUnwritten;
};

}  // namespace gatehouse::http
