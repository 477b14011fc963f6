#include "http/h1_response_body.h"

#include <utility>

#include "http/timed_stream.h"

namespace gatehouse::http {

Error H1ClientWire::upstreamError(Error error, std::string_view when) const {
  bool retriable = reused && !answered && error.kind() != ErrorKind::kTimeout &&
                   error.kind() != ErrorKind::kCancelled;
  ErrorKind kind =
      error.kind() == ErrorKind::kPeerClosed ? ErrorKind::kUpstreamClosed : error.kind();
  Retry retry = retriable ? Retry::kIfReused : Retry::kNever;
  Origin origin = kind == ErrorKind::kCancelled ? error.origin() : Origin::kUpstream;
  return std::move(error).because(kind, origin, std::string(when), retry);
}

Error answerError(Violation violation) {
  if (violation == Violation::kTooLarge) {
    return {
        ErrorKind::kUpstreamInvalid,
        Origin::kUpstream,
        "malformed HTTP/1.1 message: status line or field section over its limit"
    };
  }
  return toError(violation, Origin::kUpstream);
}

H1ResponseBody::H1ResponseBody(H1ClientWire& wire, const MessageFraming& framing)
    : wire_(wire),
      decoder_(
          framing.body,
          {.field_section = wire.limits.field_section, .field_count = wire.limits.field_count}
      ),
      keep_alive_(framing.keep_alive) {
  if (framing.body.kind == BodyFraming::Kind::kLength) {
    length_ = framing.body.length;
  }
}

H1ResponseBody::~H1ResponseBody() {
  if (decoder_.done() && keep_alive_ && !wire_.closed) {
    wire_.becomeIdle();
  } else {
    wire_.close();
  }
}

Result<void> H1ResponseBody::begin(std::span<char> bytes) {
  if (bytes.empty()) {
    return {};
  }
  GATEHOUSE_TRY(held_, decode(bytes));
  return {};
}

io::Deadline H1ResponseBody::deadline() const {
  Nanos patience = wire_.limits.idle_timeout;
  return patience > Nanos(0) ? io::Deadline::after(wire_.reactor, patience) : io::Deadline::never();
}

// Waits and little else: its frame is held by every stream that waits.
io::Task<Result<Piece>> H1ResponseBody::pull() {
  if (!held_.empty() && !std::exchange(held_given_, true)) {
    co_return Piece{held_, decoder_.done()};
  }
  std::string().swap(held_);
  while (!decoder_.done()) {
    Result<Piece> piece = received(
        co_await TimedRead(*wire_.stream, wire_.reactor.readSpace(), deadline(), Origin::kUpstream)
    );
    if (!piece || !piece->bytes.empty() || piece->end) {
      co_return piece;
    }
  }
  co_return Piece{{}, true};
}

// An empty piece that is no end when nothing but framing came. Not inlined: the frame of the wait
// would hold all it makes.
[[gnu::noinline]] Result<Piece> H1ResponseBody::received(Result<std::size_t> count) {
  if (!count) {
    wire_.close();
    return fail(wire_.upstreamError(std::move(count).error(), "while reading the response"));
  }
  if (*count == 0) {
    return atEnd();
  }
  static_cast<void>(wire_.reactor.lendRead(*count));
  GATEHOUSE_TRY(std::string_view content, decode(wire_.reactor.readSpace().first(*count)));
  return Piece{content, decoder_.done()};
}

Result<std::string_view> H1ResponseBody::decode(std::span<char> bytes) {
  auto step = decoder_.compact(bytes);
  if (!step) {
    wire_.close();
    return fail(answerError(step.error()));
  }
  // Bytes behind the end belong to no answer of ours.
  keep_alive_ = keep_alive_ && step->taken == bytes.size();
  return step->content;
}

Result<Piece> H1ResponseBody::atEnd() {
  wire_.close();
  if (decoder_.mayEnd()) {
    return Piece{{}, true};
  }
  return fail(
      ErrorKind::kUpstreamClosed, Origin::kUpstream, "the upstream closed within the response body"
  );
}

}  // namespace gatehouse::http
