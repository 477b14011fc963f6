#include "http/h1_exchange.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "base/check.h"
#include "http/timed_stream.h"
#include "http/trailers/trailers.h"

namespace gatehouse::http {

H1Exchange::H1Exchange(H1Wire& wire, RequestHead head, const MessageFraming& framing)
    : wire_(wire),
      head_(std::move(head)),
      body_(wire, framing),
      method_(head_.method),
      version_(head_.version),
      may_keep_alive_(framing.keep_alive),
      takes_trailers_(takesTrailers(head_.fields)) {
  wire_.gone = &gone_;
  wire_.watchPeer();
}

H1Exchange::~H1Exchange() {
  wire_.gone = nullptr;
  wire_.watchPeer();
  if (state_ == State::kFinished) {
    body_.leaveRest();
  } else {
    wire_.close();
  }
}

// What is not taken at once goes before the head.
void H1Exchange::writeInterim(const ResponseHead& head) {
  if (version_ == Version::kHttp10 || state_ != State::kUnwritten || !out_.empty() ||
      body_.mayInvite() || body_.inviting()) {
    return;
  }
  writeInterimHead(out_, head);
  const std::array<std::string_view, 1> parts = {out_};
  out_.erase(0, wire_.stream->tryWritev(parts, 0).bytes);
}

void H1Exchange::setTrailers(const Fields& trailers) {
  const Fields allowed = allowedTrailers(trailers);
  if (!takes_trailers_ || framing_ != ResponseFraming::Body::kChunked || allowed.empty()) {
    return;
  }
  last_chunk_ = std::make_unique<std::string>();
  writeLastChunk(*last_chunk_, allowed);
}

void H1Exchange::writeHead(const ResponseHead& head, Framing framing) {
  GATEHOUSE_INVARIANT(state_ == State::kUnwritten);
  state_ = State::kWriting;
  const std::optional<std::uint64_t> declared = declaredLength(head.fields);
  framing_ = bodyFor(head, framing, declared.has_value());
  length_left_ = framing_ == ResponseFraming::Body::kLength ? *declared : 0;
  bool body_lets = body_.replyBegins();
  wire_.keep_alive = wire_.keep_alive && body_lets && may_keep_alive_ && !wire_.draining &&
                     framing_ != ResponseFraming::Body::kUntilClose;
  ResponseFraming line{
      .body = framing_, .length = declared, .keep_alive = wire_.keep_alive, .client = version_
  };
  writeResponseHead(out_, head, line, wire_.shared.date.at(wire_.reactor.clock().wall()));
}

ResponseFraming::Body H1Exchange::bodyFor(
    const ResponseHead& head, Framing framing, bool length_declared
) const {
  bool bodiless = head.status < 200 || head.status == 204 || head.status == 304;
  if (framing == Framing::kNone || bodiless || method_ == Method::kHead) {
    return ResponseFraming::Body::kNone;
  }
  if (framing == Framing::kLength && length_declared) {
    return ResponseFraming::Body::kLength;
  }
  return version_ == Version::kHttp10 ? ResponseFraming::Body::kUntilClose
                                      : ResponseFraming::Body::kChunked;
}

const ExchangeCounts& H1Exchange::counts() const {
  counts_.bytes_in = body_.bytesIn();
  if (tunnel_ != nullptr) [[unlikely]] {
    counts_.bytes_in += tunnel_->bytes_in;
    counts_.bytes_out = tunnel_->bytes_out;
    counts_.stall = tunnel_->stall;
  }
  return counts_;
}

// Holds a reply to its declared length: a client must not take the next reply for the rest of this
// one.
Result<void> H1Exchange::account(std::string_view bytes, Last last) {
  if (body_.inviting()) [[unlikely]] {
    // Not even that fits into what it has not taken yet of earlier replies.
    return fail(ErrorKind::kPeerClosed, Origin::kDownstream, "the client takes no reply");
  }
  if (framing_ != ResponseFraming::Body::kLength) {
    return {};
  }
  bool too_long = bytes.size() > length_left_;
  length_left_ -= too_long ? 0 : bytes.size();
  if (too_long || (last == Last::kYes && length_left_ != 0)) {
    return fail(
        ErrorKind::kInternal,
        Origin::kGateway,
        "reply body does not have the length its head declares"
    );
  }
  return {};
}

TunnelEnd* H1Exchange::switched() {
  wire_.keep_alive = false;
  wire_.stream->onPeerClosed(nullptr);  // who reads it learns that
  tunnel_ = std::make_unique<TunnelEnd>(*wire_.stream, std::exchange(wire_.ahead, {}));
  tunnel_->stall = counts_.stall;
  return tunnel_.get();
}

// What leaves in one system call: head, chunk line, content, chunk end.
struct H1Exchange::Parts {
  std::array<std::string_view, 5> views;
  std::size_t count = 0;

  void add(std::string_view view) {
    if (!view.empty()) {
      views[count++] = view;
    }
  }
  std::span<const std::string_view> all() const { return std::span(views).first(count); }
};

// Of a write that took `taken` bytes, `before` of them in front of `size` bytes of content.
void H1Exchange::noteCut(std::size_t taken, std::size_t before, std::size_t size) {
  counts_.begun = counts_.begun || taken != 0;
  counts_.bytes_out += std::min(size, taken - std::min(taken, before));
}

io::Task<Result<void>> H1Exchange::send(std::string_view bytes, Last last) {
  GATEHOUSE_INVARIANT(state_ == State::kWriting);
  if (framing_ == ResponseFraming::Body::kNone) {
    bytes = {};
  }
  if (auto allowed = account(bytes, last); !allowed) {
    wire_.close();
    co_return allowed;
  }
  bool chunked = framing_ == ResponseFraming::Body::kChunked;
  std::string head = std::exchange(out_, {});
  std::optional<ChunkLine> line;
  Parts parts;
  parts.add(head);
  if (chunked && !bytes.empty()) {
    parts.add(line.emplace(bytes.size()).view());
    parts.add(bytes);
    parts.add(last == Last::kYes && last_chunk_ == nullptr ? kChunkEndAndLast : kChunkEnd);
  } else {
    parts.add(bytes);
    parts.add(chunked && last == Last::kYes && last_chunk_ == nullptr ? kLastChunk : "");
  }
  if (last == Last::kYes && last_chunk_ != nullptr) [[unlikely]] {
    parts.add(*last_chunk_);
  }
  if (parts.count != 0) {
    TimedWrite::Rules rules{.patience = wire_.limits.write_timeout, .unsent = Unsent::kCopied};
    TimedWrite write(*wire_.stream, parts.all(), rules);
    auto sent = co_await write;
    counts_.stall += write.waited();
    if (!sent) {
      const std::size_t before = head.size() + (line ? line->view().size() : 0);
      noteCut(write.taken(), before, bytes.size());
      wire_.close();
      co_return fail(std::move(sent).error());
    }
    counts_.begun = true;
    counts_.bytes_out += bytes.size();
  }
  if (last == Last::kYes) {
    state_ = State::kFinished;
    wire_.stream->onPeerClosed(nullptr);
  }
  co_return Result<void>();
}

}  // namespace gatehouse::http
