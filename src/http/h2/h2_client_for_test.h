// For tests: an HTTP/2 client connection, and at its other end an upstream of frames that knows no
// rules of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/client_for_test.h"
#include "http/h2/h2_client.h"
#include "http/h2/h2_for_test.h"
#include "http/loop_for_test.h"

namespace gatehouse::http {

class ChangeCount final : public H2ClientEvents {
 public:
  void onChange() override { ++count; }
  int count = 0;
};

/// Setting 3, SETTINGS_MAX_CONCURRENT_STREAMS.
inline std::string takesAtOnce(std::uint32_t streams) {
  return setting(3, streams);
}

inline FieldList responseFields(std::string status = "200", const FieldList& more = {}) {
  FieldList fields = {{":status", std::move(status)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

/// One request on the connection, with what it becomes.
class Asked {
 public:
  using Sending = Running<Result<ClientResponse>>;

  Asked(TestLoop& loop, H2Client& client, ClientRequest request)
      : loop_(loop), request_(std::move(request)), call_(client.begin()) {
    sending_.emplace(loop, call_->send(request_));
  }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;
  /// The client goes away.
  ~Asked() {
    sending_.reset();
    call_ = nullptr;
  }

  bool done() const { return sending_->done(); }
  ClientRequest& request() { return request_; }
  ClientConnection& connection() { return *call_; }
  Result<ClientResponse>& response() { return sending_->result(); }
  Status status() { return done() && response() ? response()->head.status : Status{0}; }
  BodySource* body() { return response()->body.source(); }
  /// All that is left of the body; what is still missing never comes.
  Result<std::string> rest() {
    Running<Result<std::string>> reading(loop_, readAll(body()));
    if (!reading.done()) {
      return fail(ErrorKind::kInternal, Origin::kGateway, "still waiting");
    }
    return std::move(reading.result());
  }
  /// What one pull gives without waiting.
  std::string pull() {
    Running<Result<std::string>> pulling(loop_, readPiece(body()));
    return pulling.done() ? pulling.result().value_or("an error") : "nothing";
  }

 private:
  TestLoop& loop_;
  ClientRequest request_;
  std::unique_ptr<ClientConnection> call_;
  std::optional<Sending> sending_;
};

struct H2ClientScene {
  explicit H2ClientScene(ClientLimits limits = {}) {
    auto [stream, other] = loop.connect();
    upstream = std::make_unique<FrameClient>(std::move(other), kPreface);
    client = clientHttp2(loop.reactor, std::move(stream), limits, changes);
  }

  /// The upstream says what it takes.
  void greet(std::string settings = {}) {
    upstream->send({.type = FrameType::kSettings, .payload = std::move(settings)});
    upstream->send({.type = FrameType::kSettings, .flags = kAck});
    loop.settle();
  }
  std::unique_ptr<Asked> ask(ClientRequest request) {
    return std::make_unique<Asked>(loop, *client, std::move(request));
  }
  std::unique_ptr<Asked> get() { return ask(ClientScene::get()); }
  void answer(std::uint32_t stream, std::string bytes, const FieldList& more = {}) {
    upstream->headers(stream, responseFields("200", more));
    upstream->data(stream, std::move(bytes), kEndStream);
    loop.settle();
  }
  void goaway(std::uint32_t last, std::uint32_t code = 0) {
    upstream->send({.type = FrameType::kGoaway, .payload = number(last, 4) + number(code, 4)});
    loop.settle();
  }
  static ClientRequest post(std::vector<std::string> slices) {
    ClientRequest request = ClientScene::post();
    for (std::string& slice : slices) {
      request.slices.push_back(Chunk::own(std::move(slice)));
    }
    return request;
  }
  static ClientRequest post(std::unique_ptr<BodySource> body) {
    ClientRequest request = ClientScene::post();
    request.stream = Body(std::move(body));
    return request;
  }

  TestLoop loop;
  ChangeCount changes;
  std::unique_ptr<FrameClient> upstream;
  std::unique_ptr<H2Client> client;
};

}  // namespace gatehouse::http
