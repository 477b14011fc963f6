// For tests: an HTTP/1.1 client connection, a scripted upstream at the other end, and the steps of
// an exchange one call each.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/client_connection.h"
#include "http/loop_for_test.h"
#include "io/waiter.h"

namespace gatehouse::http {

/// Hands out what it is given, piece by piece; then ends, or fails.
class ScriptedBody final : public BodySource {
 public:
  explicit ScriptedBody(std::vector<std::string> pieces, std::optional<std::uint64_t> length = {})
      : pieces_(std::move(pieces)), length_(length) {}

  io::Task<Result<Piece>> pull() override {
    if (next_ == pieces_.size()) {
      co_return fail(ErrorKind::kPeerClosed, Origin::kDownstream, "the client left");
    }
    std::string_view piece = pieces_[next_++];
    co_return Piece{piece, ends_ && next_ == pieces_.size()};
  }
  std::optional<std::uint64_t> length() const override { return length_; }
  /// Fails behind the last piece instead of ending.
  ScriptedBody& breaksOff() {
    ends_ = false;
    return *this;
  }

 private:
  std::vector<std::string> pieces_;
  std::optional<std::uint64_t> length_;
  std::size_t next_ = 0;
  bool ends_ = true;
};

/// A body whose sender pauses until told to go on.
class PausedBody final : public BodySource {
 public:
  explicit PausedBody(io::Reactor& reactor) : more_(reactor) {}

  void give(std::string piece) {
    piece_ = std::move(piece);
    more_.notify();
  }
  void end() {
    ended_ = true;
    more_.notify();
  }
  void breakOff() {
    broken_ = true;
    more_.notify();
  }

  io::Task<Result<Piece>> pull() override {
    GATEHOUSE_CO_CHECK_OK(co_await more_.wait());
    if (broken_) {
      co_return fail(ErrorKind::kPeerClosed, Origin::kDownstream, "the client left");
    }
    co_return Piece{piece_, ended_};
  }
  bool ready() const override { return more_.happened(); }

 private:
  io::Event more_;
  std::string piece_;
  bool ended_ = false;
  bool broken_ = false;
};

/// One piece, copied: what is lent is gone when the loop turns.
inline io::Task<Result<std::string>> readPiece(BodySource* source) {
  GATEHOUSE_CO_TRY(Piece piece, co_await source->pull());
  co_return std::string(piece.bytes);
}

struct ClientScene {
  using Sending = Running<Result<ClientResponse>>;

  explicit ClientScene(ClientLimits limits = {}) : limits_(limits) { connect(); }

  void connect() {
    auto [stream, other] = loop.connect();
    upstream = std::make_unique<TestPeer>(std::move(other));
    client = clientHttp1(loop.reactor, std::move(stream), limits_);
  }
  /// Starts sending; what the upstream says comes later.
  std::unique_ptr<Sending> send(ClientRequest& request) {
    return std::make_unique<Sending>(loop, client->send(request));
  }
  /// A GET and the answer to it.
  Result<ClientResponse> exchange(std::string_view answer) {
    ClientRequest request = get();
    auto sending = send(request);
    upstream->take();
    upstream->send(answer);
    loop.settle();
    if (!sending->done()) {
      return fail(ErrorKind::kInternal, Origin::kGateway, "still waiting");
    }
    return std::move(sending->result());
  }
  /// All that is left of a body; what is still missing never comes.
  Result<std::string> body(ClientResponse& response) {
    if (response.body.empty()) {
      return std::string();
    }
    Running<Result<std::string>> reading(loop, readAll(response.body.source()));
    if (!reading.done()) {
      return fail(ErrorKind::kInternal, Origin::kGateway, "still waiting");
    }
    return std::move(reading.result());
  }
  /// What one pull gives without waiting.
  std::string pull(BodySource& source) {
    Running<Result<std::string>> pulling(loop, readPiece(&source));
    return pulling.done() ? pulling.result().value_or("an error") : "nothing";
  }
  static ClientRequest get() {
    return {.head = {.target = "/x", .authority = "up"}, .slices = {}, .stream = {}};
  }
  static ClientRequest post() {
    return {
        .head = {.method = Method::kPost, .target = "/x", .authority = "up"},
        .slices = {},
        .stream = {},
    };
  }

  TestLoop loop;
  ClientLimits limits_;
  std::unique_ptr<TestPeer> upstream;
  std::unique_ptr<ClientConnection> client;
};

inline std::string lengthAnswer(std::string_view bytes) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes.size()) + "\r\n\r\n" +
         std::string(bytes);
}
inline std::string chunkedAnswer(std::string_view chunks) {
  return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks);
}

}  // namespace gatehouse::http
