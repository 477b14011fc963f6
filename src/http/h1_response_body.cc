#include "http/h1_response_body.h"

#include <algorithm>
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

std::span<char> H1ClientWire::headSpace() const {
  std::span<char> space = reactor.readSpace();
  return space.first(std::min(space.size(), kHeadRead));
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
  if (decoder_.done() && keep_alive_ && !wire_.closed && upload_ == nullptr) {
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

// For one wait; zero is for ever.
Nanos H1ResponseBody::patience() const {
  const Nanos limit = wire_.limits.idle_timeout;
  if (silence_ == Nanos(0)) {
    return limit;
  }
  return limit == Nanos(0) ? silence_ : std::min(silence_, limit - waited_);
}

io::Deadline H1ResponseBody::deadline() const {
  const Nanos time = patience();
  return time > Nanos(0) ? io::Deadline::after(wire_.reactor, time) : io::Deadline::never();
}

bool H1ResponseBody::ready() const {
  const bool held = !held_.empty() && !held_given_ && (!decoder_.done() || !length_);
  return held || (decoder_.done() && (upload_ == nullptr || upload_->over()));
}

// Waits and little else: its frame is held by every stream that waits.
io::Task<Result<Piece>> H1ResponseBody::pull() {
  if (upload_ != nullptr) [[unlikely]] {
    return pullBeside();
  }
  return pullAlone();
}

io::Task<Result<Piece>> H1ResponseBody::pullAlone() {
  if (!held_.empty() && !std::exchange(held_given_, true)) {
    co_return Piece{held_, decoder_.done()};
  }
  std::string().swap(held_);
  while (!decoder_.done()) {
    Result<Piece> piece = received(
        co_await TimedRead(*wire_.stream, wire_.reactor.readSpace(), deadline(), Origin::kUpstream)
    );
    if (!piece || !piece->bytes.empty() || piece->end || waited_ != Nanos(0)) {
      co_return piece;
    }
  }
  co_return Piece{{}, true};
}

// No limit of its own while the request moves: who sends and who takes it have theirs.
io::Task<Result<Piece>> H1ResponseBody::pullBeside() {
  if (!held_.empty() && !held_given_ && (!decoder_.done() || !length_)) {
    held_given_ = true;
    co_return Piece{held_, false};
  }
  while (!decoder_.done() && !upload_->over()) {
    Result<std::size_t> count = co_await readBeside();
    if (upload_->over() && !count && count.error().kind() == ErrorKind::kTimeout) {
      break;
    }
    if (count && *count == 0) {
      upload_ = nullptr;  // there is nobody to send it to
      co_return atEnd();
    }
    Result<Piece> piece = received(std::move(count));
    if (piece && piece->end && (length_ || piece->bytes.empty())) {
      held_ = piece->bytes;  // with a length the last bytes tell the end
      held_given_ = false;
      break;
    }
    if (piece) {
      piece->end = false;
    }
    if (!piece || !piece->bytes.empty()) {
      co_return piece;
    }
  }
  GATEHOUSE_CO_CHECK_OK(co_await upload_->untilOver());
  GATEHOUSE_CO_CHECK_OK(besideOver());
  co_return co_await pullAlone();
}

io::Task<Result<std::size_t>> H1ResponseBody::readBeside() {
  TimedRead read(
      *wire_.stream, wire_.reactor.readSpace(), io::Deadline::never(), Origin::kUpstream
  );
  H1UploadBeside::Interrupt interrupt(*upload_, read);
  co_return co_await read;
}

// The rest of the request is done with, or cannot be had.
Result<void> H1ResponseBody::besideOver() {
  const std::unique_ptr<H1UploadBeside> upload = std::move(upload_);
  keep_alive_ = keep_alive_ && upload->allSent();
  if (upload->failure() == nullptr) {
    return {};
  }
  wire_.close();
  return fail(*upload->failure());
}

// An empty piece that is no end when nothing but framing came. Not inlined: the frame of the wait
// would hold all it makes.
[[gnu::noinline]] Result<Piece> H1ResponseBody::received(Result<std::size_t> count) {
  if (!count) {
    if (silence_ != Nanos(0) && count.error().kind() == ErrorKind::kTimeout) {
      waited_ += patience();
      if (wire_.limits.idle_timeout == Nanos(0) || waited_ < wire_.limits.idle_timeout) {
        return Piece{};
      }
    }
    wire_.close();
    return fail(wire_.upstreamError(std::move(count).error(), "while reading the response"));
  }
  if (*count == 0) {
    return atEnd();
  }
  waited_ = Nanos(0);
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
