#include "http/server_connection.h"

#include <algorithm>
#include <array>
#include <expected>
#include <span>
#include <string>
#include <utility>

#include "base/check.h"
#include "http/gentle_close.h"
#include "http/h1_exchange.h"
#include "http/h1_read.h"
#include "http/h1_wire.h"
#include "http/h1_write.h"
#include "http/h2/h2_server.h"
#include "http/problem.h"
#include "http/timed_stream.h"
#include "io/deadline.h"

namespace gatehouse::http {
namespace {

// Why a request gets no exchange, and what is known of it.
struct Refusal {
  std::optional<Violation> violation{};  // none: it was too slow
  std::optional<Method> method{};        // if it was read; so are the others
  std::optional<Version> version{};
  std::string host{};
  std::string path{};
  std::string sent_path{};
};

// How that is told.
struct RefusalWords {
  Status status;
  std::string_view code;
  std::string_view detail;
};

RefusalWords wordsOf(const Refusal& refusal) {
  if (refusal.violation) {
    Violation violation = *refusal.violation;
    return {statusOf(violation), toString(violation), describe(violation)};
  }
  return {408, kSlowHead, kSlowHeadDetail};
}

Error errorOf(const Refusal& refusal) {
  if (refusal.violation) {
    return toError(*refusal.violation, Origin::kDownstream);
  }
  return {ErrorKind::kTimeout, Origin::kDownstream, std::string(wordsOf(refusal).detail)};
}

class H1Server final : public ServerConnection {
 public:
  H1Server(
      io::Reactor& reactor,
      std::unique_ptr<io::Stream> stream,
      const ServerLimits& limits,
      ServerShared& shared,
      RefusedRequests* refused,
      Http2 preface
  );

  io::Task<std::unique_ptr<ServerExchange>> next() override;
  void drain() override;
  const io::Peer& peer() const override { return wire_.stream->peer(); }
  std::optional<Nanos> takeAcceptWait() override;
  std::string_view protocolError() const override { return protocol_error_; }
  std::unique_ptr<ServerConnection> takeHttp2() override;

 private:
  // Rare, and kept off the frame of a connection that waits.
  using Refused = std::unique_ptr<Refusal>;
  using Begun = std::expected<std::unique_ptr<ServerExchange>, Refused>;

  std::span<char> readSpace() { return wire_.reactor.readSpace(); }
  std::span<char> headSpace() { return readSpace().first(std::min(readSpace().size(), kHeadRead)); }
  io::Deadline headDeadline();
  std::string_view received(std::size_t count);
  bool nothingBegun() const { return wire_.ahead.empty() && !reader_.started(); }
  std::expected<bool, Refused> pushHead(std::string_view& bytes);
  Begun begin(std::string_view rest);
  bool isHttp2(std::string_view rest);
  Refused refusalFor(std::optional<Violation> violation);
  RefusedAnswer noteRefused(const Refusal& refusal);
  io::Task<void> discardUnread();
  io::Task<void> refuse(Refused refusal);
  io::Task<void> closeGently();

  H1Wire wire_;
  RefusedRequests* refused_;
  HeadReader reader_{MessageKind::kRequest};
  io::Deadline head_deadline_;
  TimedRead* waiting_ = nullptr;     // for a head, or for the rest of a body nobody reads
  std::string_view protocol_error_;  // of a closed list
  Http2 preface_;                    // kRefused from the first request on
  bool is_http2_ = false;            // what was received is ahead
  static constexpr Nanos kUnheard{-2};
  static constexpr Nanos kTaken{-1};
  Nanos accept_wait_ = kUnheard;
};

H1Server::H1Server(
    io::Reactor& reactor,
    std::unique_ptr<io::Stream> stream,
    const ServerLimits& limits,
    ServerShared& shared,
    RefusedRequests* refused,
    Http2 preface
)
    : wire_{
          .reactor = reactor,
          .stream = std::move(stream),
          .limits = limits,
          .shared = shared,
      },
      refused_(refused),
      preface_(preface) {}

io::Task<std::unique_ptr<ServerExchange>> H1Server::next() {
  GATEHOUSE_INVARIANT(wire_.gone == nullptr);
  if (wire_.unread && wire_.keep_alive && !wire_.closed) {
    co_await discardUnread();
  }
  while (wire_.keep_alive && !wire_.closed && !(wire_.draining && nothingBegun())) {
    std::string ahead = std::exchange(wire_.ahead, {});
    std::string_view bytes = ahead;
    if (bytes.empty()) {
      TimedRead read(*wire_.stream, headSpace(), headDeadline(), Origin::kDownstream);
      waiting_ = &read;
      auto count = co_await read;
      waiting_ = nullptr;
      if (!count && count.error().kind() == ErrorKind::kTimeout && !nothingBegun()) {
        co_await refuse(refusalFor(std::nullopt));
      }
      if (!count || *count == 0) {
        wire_.close();
        co_return nullptr;
      }
      bytes = received(*count);
    }
    auto complete = pushHead(bytes);
    if (complete && !*complete) {
      continue;
    }
    const bool whole = complete.has_value();
    Begun begun = whole ? begin(bytes) : std::unexpected(std::move(complete).error());
    if (begun) {
      co_return *std::move(begun);
    }
    if (isHttp2(whole ? bytes : std::string_view())) {
      co_return nullptr;
    }
    co_await refuse(std::move(begun).error());
  }
  co_await closeGently();
  co_return nullptr;
}

std::string_view H1Server::received(std::size_t count) {
  if (accept_wait_ == kUnheard) [[unlikely]] {
    accept_wait_ = wire_.reactor.clock().now() - wire_.reactor.now();
  }
  static_cast<void>(wire_.reactor.lendRead(count));
  return {readSpace().data(), count};
}

std::optional<Nanos> H1Server::takeAcceptWait() {
  if (accept_wait_ < Nanos(0)) [[likely]] {
    return std::nullopt;
  }
  return std::exchange(accept_wait_, kTaken);
}

void H1Server::drain() {
  wire_.draining = true;
  if (waiting_ != nullptr && nothingBegun()) {
    waiting_->interrupt();
  }
}

// Idle until something of a head is there, but not for long before the first; then one limit for
// the whole of it, however it trickles in.
io::Deadline H1Server::headDeadline() {
  if (nothingBegun()) {
    const bool silent = accept_wait_ == kUnheard;  // from the beginning
    return io::Deadline::after(
        wire_.reactor, silent ? wire_.limits.head_timeout : wire_.limits.idle_timeout
    );
  }
  if (head_deadline_.isNever()) {
    head_deadline_ = io::Deadline::after(wire_.reactor, wire_.limits.head_timeout);
  }
  return head_deadline_;
}

// Takes the head's part off `bytes`; true when it is complete.
std::expected<bool, H1Server::Refused> H1Server::pushHead(std::string_view& bytes) {
  auto step = reader_.push(bytes, wire_.headLimits());
  if (!step) {
    return std::unexpected(refusalFor(step.error()));
  }
  bytes.remove_prefix(step->taken);
  return step->complete;
}

H1Server::Begun H1Server::begin(std::string_view rest) {
  RequestHead head{.method = Method::kOther};
  auto framing = reader_.parseRequest(wire_.headLimits(), head);
  if (!framing) [[unlikely]] {
    Refused refusal = refusalFor(framing.error());
    if (!head.authority.empty()) {
      refusal->host = std::move(head.authority);
    }
    return std::unexpected(std::move(refusal));
  }
  reader_.reset();
  preface_ = Http2::kRefused;
  head_deadline_ = io::Deadline::never();
  auto exchange = std::make_unique<H1Exchange>(wire_, std::move(head), *framing);
  exchange->begin(rest);
  return exchange;
}

// The preface of HTTP/2 was made to be refused here. Later than as the first thing it is something
// else: what somebody in front of us took for part of a request.
bool H1Server::isHttp2(std::string_view rest) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  constexpr std::string_view kFirstLine = kPreface.substr(0, 16);
  if (preface_ == Http2::kRefused || !reader_.taken().starts_with(kFirstLine)) {
    return false;
  }
  wire_.keepAhead(reader_.taken());
  wire_.keepAhead(rest);
  is_http2_ = kPreface.starts_with(std::string_view(wire_.ahead).substr(0, kPreface.size()));
  return is_http2_;
}

std::unique_ptr<ServerConnection> H1Server::takeHttp2() {
  if (!is_http2_) {
    return nullptr;
  }
  wire_.closed = true;
  return serveHttp2(
      wire_.reactor,
      std::move(wire_.stream),
      wire_.limits,
      wire_.shared,
      refused_,
      {.received = std::move(wire_.ahead), .accept_wait = takeAcceptWait()}
  );
}

// With what its first line says.
H1Server::Refused H1Server::refusalFor(std::optional<Violation> violation) {
  auto refusal = std::make_unique<Refusal>();
  refusal->violation = violation;
  if (auto noted = reader_.noteRequest(wire_.headLimits())) {
    refusal->method = noted->method;
    refusal->version = noted->version;
    refusal->host = std::move(noted->authority);
    refusal->path = std::string_view(noted->target).substr(0, noted->target.find('?'));
    refusal->sent_path = noted->sent_target.substr(0, noted->sent_target.find_first_of("?#"));
  }
  return refusal;
}

// Without anything of its own when nobody keeps account.
RefusedAnswer H1Server::noteRefused(const Refusal& refusal) {
  if (refused_ == nullptr) {
    return {};
  }
  Error error = errorOf(refusal);
  RefusalWords words = wordsOf(refusal);
  return refused_->begin(
      {.status = words.status,
       .method = refusal.method,
       .version = refusal.version,
       .host = refusal.host,
       .path = refusal.path,
       .sent_path = refusal.sent_path,
       .accept_wait = takeAcceptWait(),
       .peer = peer(),
       .error = error,
       .code = words.code,
       .detail = words.detail}
  );
}

// Reads what the last request still had to say, up to a bound, so that the next one can be found.
io::Task<void> H1Server::discardUnread() {
  BodyDecoder decoder = *std::exchange(wire_.unread, std::nullopt);
  std::uint64_t budget = kDiscardAtMost;
  while (!decoder.done() && !wire_.draining) {
    auto deadline = io::Deadline::after(wire_.reactor, wire_.limits.body_timeout);
    TimedRead read(*wire_.stream, readSpace(), deadline, Origin::kDownstream);
    waiting_ = &read;
    auto count = co_await read;
    waiting_ = nullptr;
    if (!count || *count == 0 || *count > budget) {
      break;
    }
    budget -= *count;
    auto step = decoder.compact(readSpace().first(*count));
    if (!step) {
      break;
    }
    wire_.keepAhead(std::string_view(readSpace().data(), *count).substr(step->taken));
  }
  // Else nobody knows where the next request begins.
  wire_.keep_alive = decoder.done();
}

io::Task<void> H1Server::refuse(Refused refusal) {
  wire_.keep_alive = false;
  ++(refusal->violation ? wire_.shared.refused[static_cast<std::size_t>(*refusal->violation)]
                        : wire_.shared.slow_heads);
  RefusalWords words = wordsOf(*refusal);
  protocol_error_ = words.code;
  auto reply = refusedReply(words.status, words.code, words.detail, noteRefused(*refusal));
  Result<void> sent = co_await sendRefused(
      *wire_.stream, std::move(reply), wire_.shared, wire_.limits.write_timeout, refused_
  );
  if (!sent) {
    wire_.close();
    co_return;
  }
  co_await closeGently();
}

io::Task<void> H1Server::closeGently() {
  if (wire_.closed) {
    co_return;
  }
  bool idle = wire_.keep_alive && nothingBegun();
  if (idle) {
    wire_.close();
    co_return;
  }
  co_await endGently(*wire_.stream, wire_.limits.write_timeout);
  wire_.close();
}

}  // namespace

RefusedReply refusedReply(
    Status status, std::string_view code, std::string_view detail, RefusedAnswer answer
) {
  auto& [id, fields, body] = answer;
  ResponseHead head{.status = status, .fields = std::move(fields)};
  if (body.empty()) {
    body = writeProblem({.status = status, .detail = detail, .code = code, .request_id = id});
    head.fields.add("Content-Type", kProblemType);
  }
  if (!id.empty()) {
    head.fields.add("x-gatehouse-request-id", id);
    head.fields.add("x-request-id", id);
  }
  head.fields.add("Content-Length", std::to_string(body.size()));
  return {std::move(head), std::move(body)};
}

io::Task<Result<void>> sendRefused(
    io::Stream& stream,
    RefusedReply reply,
    ServerShared& shared,
    Nanos patience,
    RefusedRequests* refused
) {
  const ResponseFraming framing{
      .body = ResponseFraming::Body::kLength,
      .length = declaredLength(reply.head.fields),
      .keep_alive = false,
  };
  std::string head;
  writeResponseHead(head, reply.head, framing, shared.date.at(stream.reactor().clock().wall()));
  const std::array<std::string_view, 2> parts = {head, reply.body};
  auto sent = co_await TimedWrite(stream, parts, {.patience = patience});
  if (refused != nullptr) {
    sent ? refused->answered(reply.body.size()) : refused->unanswered();
  }
  if (!sent) {
    co_return fail(std::move(sent).error());
  }
  co_return Result<void>();
}

std::unique_ptr<ServerConnection> serveHttp1(
    io::Reactor& reactor,
    std::unique_ptr<io::Stream> stream,
    const ServerLimits& limits,
    ServerShared& shared,
    RefusedRequests* refused,
    Http2 preface
) {
  return std::make_unique<H1Server>(reactor, std::move(stream), limits, shared, refused, preface);
}

}  // namespace gatehouse::http
