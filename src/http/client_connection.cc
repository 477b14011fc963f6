#include "http/client_connection.h"

#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "http/h1_client_wire.h"
#include "http/h1_read.h"
#include "http/h1_response_body.h"
#include "http/h1_upload.h"
#include "http/timed_stream.h"
#include "http/upgrade/tunnel.h"
#include "http/upgrade/web_socket.h"

namespace gatehouse::http {
namespace {

// Interim responses passed over before an upstream that sends nothing else is given up.
constexpr int kMostInterim = 16;
constexpr std::size_t kStatusLine = 1024;

// Closes the connection unless the exchange got as far as a response, also when its task is
// destroyed half-way.
class Unfinished {
 public:
  explicit Unfinished(H1ClientWire& wire) : wire_(&wire) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (wire_ != nullptr) {
      wire_->close();
    }
  }
  void finished() { wire_ = nullptr; }

 private:
  H1ClientWire* wire_;
};

// What is left of the connection after a 101.
class H1Switched final : public BodySource {
 public:
  H1Switched(H1ClientWire& wire, std::string_view received)
      : wire_(wire), end_{.stream = *wire.stream, .received = std::string(received)} {}
  H1Switched(const H1Switched&) = delete;
  H1Switched& operator=(const H1Switched&) = delete;
  ~H1Switched() override { wire_.close(); }

  io::Task<Result<Piece>> pull() override {
    co_return fail(ErrorKind::kInternal, Origin::kGateway, "no message follows a 101");
  }
  TunnelEnd* switched() override { return &end_; }

 private:
  H1ClientWire& wire_;
  TunnelEnd end_;
};

class H1Client final : public ClientConnection {
 public:
  H1Client(io::Reactor& reactor, std::unique_ptr<io::Stream> stream, const ClientLimits& limits)
      : wire_{.reactor = reactor, .stream = std::move(stream), .limits = limits} {
    wire_.stream->onPeerClosed(&wire_.broken);
  }

  io::Task<Result<ClientResponse>> send(ClientRequest& request) override;
  bool reusable() const override {
    return !wire_.busy && !wire_.closed && !wire_.broken.requested() && !wire_.stream->readable();
  }
  bool reused() const override { return wire_.reused; }
  io::Stop& broken() override { return wire_.broken; }
  const io::Peer& peer() const override { return wire_.stream->peer(); }
  void close() override { wire_.close(); }

 private:
  // The head of a final response, and how what follows is framed.
  struct Answer {
    ResponseHead head;
    MessageFraming framing;
    std::span<char> rest;
  };

  Result<ClientResponse> respond(
      Answer answer, std::unique_ptr<H1Upload> upload, ClientRequest& request
  );
  io::Deadline headDeadline() const;
  Result<std::span<char>> received(Result<std::size_t> count);
  Result<std::optional<Answer>> parse(std::span<char> bytes, Method asked);

  H1ClientWire wire_;
  HeadReader reader_{MessageKind::kResponse};
  int interim_ = 0;          // interim responses of this exchange
  bool web_socket_ = false;  // it asks for that
  InterimListener* listener_ = nullptr;
};

io::Task<Result<ClientResponse>> H1Client::send(ClientRequest& request) {
  GATEHOUSE_INVARIANT(!wire_.busy);
  wire_.busy = true;
  wire_.answered = false;
  request.sent.reset();
  wire_.stream->onPeerClosed(nullptr);
  interim_ = 0;
  web_socket_ = request.web_socket;
  listener_ = request.interim;
  Unfinished unfinished(wire_);
  Method asked = request.head.method;
  auto upload = std::make_unique<H1Upload>(wire_, request);
  io::Deadline deadline;
  for (;;) {
    std::span<char> bytes;
    if (upload != nullptr) {
      // What is whole leaves without a task of its own.
      GATEHOUSE_CO_TRY(
          H1Upload::Progress progress,
          upload->whole() ? upload->sent(co_await upload->write()) : co_await upload->send()
      );
      bytes = wire_.reactor.readSpace().first(progress.answer);
      if (progress.state == H1Upload::State::kSent) {
        request.sent = wire_.reactor.now();
      }
      if (progress.state != H1Upload::State::kAnswered) {
        upload = nullptr;
        deadline = headDeadline();
      }
    }
    if (bytes.empty()) {
      auto count =
          co_await TimedRead(*wire_.stream, wire_.headSpace(), deadline, Origin::kUpstream);
      GATEHOUSE_CO_TRY(bytes, received(std::move(count)));
    }
    wire_.answered = true;
    GATEHOUSE_CO_TRY(std::optional<Answer> answer, parse(bytes, asked));
    if (answer) {
      if (upload != nullptr && answer->head.status >= 300) {
        upload = nullptr;  // it wants no more
      }
      if (upload != nullptr && answer->framing.body.kind == BodyFraming::Kind::kNone) {
        GATEHOUSE_CO_CHECK_OK(co_await upload->finish());
        if (upload->allSent()) {
          request.sent = wire_.reactor.now();
        }
        upload = nullptr;
      }
      unfinished.finished();
      co_return respond(*std::move(answer), std::move(upload), request);
    }
  }
}

io::Deadline H1Client::headDeadline() const {
  Nanos patience = wire_.limits.head_timeout;
  return patience > Nanos(0) ? io::Deadline::after(wire_.reactor, patience) : io::Deadline::never();
}

Result<std::span<char>> H1Client::received(Result<std::size_t> count) {
  if (!count) {
    return fail(wire_.upstreamError(std::move(count).error(), "while waiting for the response"));
  }
  if (*count == 0) {
    std::string_view when = wire_.answered ? "the upstream closed within the response head"
                                           : "the upstream closed without an answer";
    bool retriable = wire_.reused && !wire_.answered;
    return fail(
        ErrorKind::kUpstreamClosed,
        Origin::kUpstream,
        std::string(when),
        retriable ? Retry::kIfReused : Retry::kNever
    );
  }
  static_cast<void>(wire_.reactor.lendRead(*count));
  return wire_.reactor.readSpace().first(*count);
}

// Nothing until the head of a final response is complete.
Result<std::optional<H1Client::Answer>> H1Client::parse(std::span<char> bytes, Method asked) {
  const HeadLimits limits{kStatusLine, wire_.limits.field_section, wire_.limits.field_count};
  while (!bytes.empty()) {
    std::string_view view(bytes.data(), bytes.size());
    auto step = reader_.push(view, limits);
    if (!step) {
      return fail(answerError(step.error()));
    }
    bytes = bytes.subspan(step->taken);
    if (!step->complete) {
      break;
    }
    ResponseHead head;
    auto framing = reader_.parseResponse(asked, limits, head);
    reader_.reset();
    if (!framing) {
      return fail(answerError(framing.error()));
    }
    const bool switches = web_socket_ && switchesToWebSocket(head);
    if (head.status == 101 && !switches) {
      return fail(answerError(Violation::kStatus));
    }
    if (head.status < 200 && !switches && ++interim_ > kMostInterim) {
      return fail(
          ErrorKind::kUpstreamInvalid,
          Origin::kUpstream,
          "more than " + std::to_string(kMostInterim) + " interim responses and no final one"
      );
    }
    if (head.status == 103 && listener_ != nullptr) {
      listener_->onInterim(std::move(head));
      continue;
    }
    if (head.status >= 200 || switches) {
      return Answer{std::move(head), *framing, bytes};
    }
  }
  return std::nullopt;
}

// Who has said yes may still be reading, and may want its answer read before it reads on: what is
// left of the request is sent beside the reading of the answer.
Result<ClientResponse> H1Client::respond(
    Answer answer, std::unique_ptr<H1Upload> upload, ClientRequest& request
) {
  MessageFraming framing = answer.framing;
  framing.keep_alive = framing.keep_alive && (request.sent || upload != nullptr);
  ClientResponse response{.head = std::move(answer.head), .body = {}};
  if (response.head.status == 101) [[unlikely]] {
    const std::string_view rest(answer.rest.data(), answer.rest.size());
    response.body = Body(std::make_unique<H1Switched>(wire_, rest));
    return response;
  }
  if (framing.body.kind != BodyFraming::Kind::kNone) {
    auto body = std::make_unique<H1ResponseBody>(wire_, framing);
    GATEHOUSE_CHECK_OK(body->begin(answer.rest));
    if (upload != nullptr) {
      request.goes_on = true;
      body->sendBeside(std::make_unique<H1UploadBeside>(std::move(upload), request));
    }
    response.body = Body(std::move(body));
  } else if (framing.keep_alive && answer.rest.empty()) {
    wire_.becomeIdle();
  } else {
    wire_.close();
  }
  return response;
}

}  // namespace

std::unique_ptr<ClientConnection> clientHttp1(
    io::Reactor& reactor, std::unique_ptr<io::Stream> stream, const ClientLimits& limits
) {
  return std::make_unique<H1Client>(reactor, std::move(stream), limits);
}

}  // namespace gatehouse::http
