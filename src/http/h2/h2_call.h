// One request and its response on an HTTP/2 stream. Internal to h2/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "http/client_connection.h"
#include "http/h2/h2_client_wire.h"
#include "http/h2/h2_response_body.h"
#include "http/h2/h2_upload.h"
#include "io/deadline.h"

namespace gatehouse::http {

class H2Call final : public ClientConnection, public H2Caller {
 public:
  /// `wire` outlives it.
  explicit H2Call(H2ClientWire& wire);
  ~H2Call() override;

  io::Task<Result<ClientResponse>> send(ClientRequest& request) override;
  bool reusable() const override { return false; }
  bool reused() const override { return reused_; }
  io::Stop& broken() override { return wire_.never; }
  const io::Peer& peer() const override { return wire_.stream->peer(); }
  void close() override { leave(); }

  void onData(std::string_view bytes) override { body_.onData(bytes); }
  void onField(std::string_view name, std::string_view value) override;
  void onSectionEnd(bool ended) override;
  void onEnd() override { body_.onEnd(); }
  void onClosed(H2Error reason) override;
  void onLost(const Error& why) override;

 private:
  class News;
  class Source;

  Result<void> begin(ClientRequest& request);
  void beginBody(ClientRequest& request, std::uint64_t length);
  void onHead(H2Response response, bool ended);
  std::optional<Result<ClientResponse>> settled(ClientRequest& request);
  ClientResponse respond(ClientRequest& request);
  void stopSending();
  void keepSending(ClientRequest& request);
  std::unexpected<Error> failure(ClientRequest& request);
  bool isStale() const;
  io::Deadline sendDeadline(const ClientRequest& request) const;
  std::optional<Result<ClientResponse>> lateToSend(std::size_t& left) const;
  void closed(Error error);

  io::Task<Result<Piece>> pull();
  std::optional<Result<Piece>> take();
  std::optional<Result<Piece>> lateToReceive();
  RequestSent requestSent() const;
  Nanos patience() const;
  void leave();

  H2ClientWire& wire_;
  H2Sending sending_;
  H2ResponseBody body_;
  std::unique_ptr<H2Upload> upload_;      // of a streamed body
  std::vector<Chunk> kept_;               // of a whole one that goes on
  std::unique_ptr<ResponseHead> hint_;    // an interim response nobody has been told of
  std::unique_ptr<ResponseHead> answer_;  // until it is given
  std::uint64_t heard_before_ = 0;        // of the wire, when the request left
  Nanos silence_{0};                      // gives an empty piece after so much of it; zero: never
  Nanos waited_{0};                       // in the silence that goes on
  int interim_ = 0;
  Method asked_ = Method::kGet;
  bool reused_;
  bool answered_ = false;   // something of the answer has come
  bool head_done_ = false;  // the final head has
};

}  // namespace gatehouse::http
