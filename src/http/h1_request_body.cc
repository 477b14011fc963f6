#include "http/h1_request_body.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/h1_write.h"
#include "http/timed_stream.h"

namespace gatehouse::http {
namespace {

// A body up to this size is received into one buffer from its first byte on: most of it has come
// already.
constexpr std::uint64_t kWholeAtOnce = 256 * 1024;

std::optional<std::uint64_t> lengthOf(const BodyFraming& framing) {
  if (framing.kind == BodyFraming::Kind::kChunked) {
    return std::nullopt;
  }
  return framing.length;
}

}  // namespace

H1RequestBody::H1RequestBody(H1Wire& wire, const MessageFraming& framing)
    : wire_(wire),
      decoder_(framing.body, wire.headLimits()),
      length_(lengthOf(framing.body)),
      awaits_invitation_(framing.expects_continue) {}

void H1RequestBody::begin(std::string_view bytes) {
  // With a length the cut is known now; chunks are looked at when they are pulled.
  auto mine = length_ ? static_cast<std::size_t>(std::min<std::uint64_t>(*length_, bytes.size()))
                      : bytes.size();
  wire_.keepAhead(bytes.substr(mine));
  if (mine == 0) {
    return;
  }
  awaits_invitation_ = false;
  bool whole = length_ && *length_ <= kWholeAtOnce;
  auto room = whole ? static_cast<std::size_t>(*length_) : mine;
  auto buffer = wire_.reactor.buffers().take(room);
  if (!buffer) {
    wire_.keep_alive = false;
    overloaded_ = std::make_unique<Error>(std::move(buffer).error());
    return;
  }
  received_ = *std::move(buffer);
  bytes.copy(received_.space().data(), mine);
  received_.commit(mine);
}

io::Buffer H1RequestBody::takeReceived() {
  if (!length_ || received_at_ != 0 || received_.size() == 0) {
    return {};
  }
  decoder_.skip(received_.size());
  bytes_in_ += received_.size();
  return std::exchange(received_, {});
}

// What is there of chunks may be framing alone.
bool H1RequestBody::ready() const {
  return decoder_.done() || overloaded_ != nullptr || (length_ && !receivedRest().empty());
}

bool H1RequestBody::replyBegins() {
  if (decoder_.done() && receivedRest().empty()) {
    received_ = {};
    received_at_ = 0;
    return true;
  }
  // A client that pauses within its body need not go on when it is told that the connection ends
  // (RFC 9112 section 9.5).
  if (interrupted_) {
    return false;
  }
  // A client that was not invited may send the body or not: there is no telling what its next bytes
  // are.
  bool uninvited = std::exchange(awaits_invitation_, false);
  return !uninvited && decoder_.remaining().value_or(0) <= kDiscardAtMost;
}

void H1RequestBody::leaveRest() {
  while (!receivedRest().empty() && !decoder_.done()) {
    if (!nextReceived()) {
      return;
    }
  }
  if (!decoder_.done()) {
    wire_.unread = std::move(decoder_);
  }
}

io::Task<Result<Piece>> H1RequestBody::receive(std::span<char> space) {
  interrupted_ = false;
  if (overloaded_ != nullptr) {
    co_return fail(*overloaded_);
  }
  if (!receivedRest().empty() && !decoder_.done()) {
    Result<Piece> piece = nextReceived();
    if (!piece || !piece->bytes.empty() || piece->end) {
      co_return piece;
    }
  }
  if (decoder_.done()) {
    co_return Piece{{}, true};
  }
  if (std::exchange(awaits_invitation_, false)) {
    GATEHOUSE_CO_CHECK_OK(co_await invite());
  }
  bool direct = length_.has_value() && !space.empty();
  for (;;) {
    std::span<char> target = direct ? space : wire_.reactor.readSpace();
    auto deadline = io::Deadline::after(wire_.reactor, wire_.limits.body_timeout);
    auto count = co_await TimedRead(*wire_.stream, target, deadline, Origin::kDownstream);
    if (!count) {
      co_return notReceived(std::move(count).error());
    }
    if (*count == 0) {
      co_return broken(
          {ErrorKind::kPeerClosed, Origin::kDownstream, "the client closed within the request body"}
      );
    }
    Result<Piece> piece = decode(target.first(*count));
    if (!piece || !piece->bytes.empty() || piece->end) {
      co_return piece;
    }
  }
}

io::Task<Result<void>> H1RequestBody::invite() {
  std::array<std::string_view, 1> parts = {kContinueResponse};
  TimedWrite::Rules rules{.patience = wire_.limits.write_timeout};
  inviting_ = true;
  auto sent = co_await TimedWrite(*wire_.stream, parts, rules);
  inviting_ = false;
  if (!sent) {
    wire_.close();  // after a part of it nothing else would be understood
    co_return fail(std::move(sent).error());
  }
  co_return Result<void>();
}

// What was cancelled may be tried again: no byte has been taken.
std::unexpected<Error> H1RequestBody::notReceived(Error error) {
  if (error.kind() != ErrorKind::kCancelled) {
    return broken(std::move(error));
  }
  interrupted_ = true;
  wire_.watchPeer();
  return fail(std::move(error));
}

// A run at a time: the buffer lends its bytes for reading only, and what comes with a head is
// seldom much.
Result<Piece> H1RequestBody::nextReceived() {
  while (!receivedRest().empty() && !decoder_.done()) {
    auto step = decoder_.next(receivedRest());
    if (!step) {
      return broken(toError(step.error(), Origin::kDownstream));
    }
    received_at_ += step->taken;
    bytes_in_ += step->content.size();
    if (decoder_.done()) {
      wire_.keepAhead(receivedRest());
      received_at_ = received_.size();
    }
    if (!step->content.empty() || decoder_.done()) {
      return Piece{step->content, decoder_.done()};
    }
  }
  return Piece{};
}

Result<Piece> H1RequestBody::decode(std::span<char> bytes) {
  auto step = decoder_.compact(bytes);
  if (!step) {
    return broken(toError(step.error(), Origin::kDownstream));
  }
  bytes_in_ += step->content.size();
  wire_.keepAhead(std::string_view(bytes.data(), bytes.size()).substr(step->taken));
  if (decoder_.done()) {
    wire_.watchPeer();
  }
  return Piece{step->content, decoder_.done()};
}

// Where the next message would begin is not known any more.
std::unexpected<Error> H1RequestBody::broken(Error error) {
  wire_.keep_alive = false;
  return fail(std::move(error));
}

}  // namespace gatehouse::http
