#include "http/client_connection.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/h1_client_wire.h"
#include "http/h1_read.h"
#include "http/h1_response_body.h"
#include "http/h1_write.h"
#include "http/timed_stream.h"
#include "io/waiter.h"

namespace gatehouse::http {
namespace {

// Interim responses passed over before an upstream that sends nothing else is given up.
constexpr int kMostInterim = 16;
constexpr std::size_t kStatusLine = 1024;

// A request on its way. On the heap, so that nothing of it is left while the answer is awaited.
struct Outgoing {
  std::string head{};
  std::vector<std::string_view> parts{};
  std::optional<TimedWrite> write{};
  BodySource* source = nullptr;                // not yet at its end
  std::optional<std::uint64_t> length_left{};  // of `source`, when it is not chunked
  std::optional<ChunkLine> chunk_line{};
  bool listening = true;  // an answer ends the sending
};

// How far the sending got, and what the upstream said meanwhile.
struct Progress {
  enum class State : std::uint8_t { kAnswered, kSent, kBroken };
  State state = State::kSent;
  std::size_t answer = 0;  // bytes at the front of the read space
};

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

// Raises a Stop as soon as the upstream speaks or leaves. Nobody awaits it: it has no caller to
// resume.
class AnswerWatch final : public io::Waiter {
 public:
  AnswerWatch(io::Stream& stream, io::Stop& heard)
      : Waiter(stream.reactor()), stream_(stream), heard_(heard) {
    stream_.setReader(this);
  }
  ~AnswerWatch() override { stream_.setReader(nullptr); }

 private:
  bool settle() override {
    if (stream_.readable()) {
      heard_.request();
    }
    return false;
  }

  io::Stream& stream_;
  io::Stop& heard_;
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
  using Answer = std::optional<ClientResponse>;

  std::unique_ptr<Outgoing> prepare(ClientRequest& request) const;
  io::Task<Result<Progress>> transmit(Outgoing& out);
  io::Task<Result<bool>> finishAccepted(Outgoing& out, Status status);
  Result<Progress> sentPart(Outgoing& out, Result<WriteEnd> end);
  io::Task<Result<std::optional<Piece>>> pullListening(BodySource& source);
  Result<Progress> hear();
  Result<void> nextPart(Outgoing& out, Piece piece);
  std::span<char> headSpace() const;
  io::Deadline headDeadline() const;
  Result<std::span<char>> received(Result<std::size_t> count);
  Result<Answer> parse(std::span<char> bytes, Method asked);
  Result<Answer> respond(ResponseHead head, MessageFraming framing, std::span<char> rest);
  TimedWrite::Rules writeRules(Unsent unsent, bool listening = true) const {
    return {wire_.limits.write_timeout, unsent, listening, Origin::kUpstream};
  }

  H1ClientWire wire_;
  HeadReader reader_{MessageKind::kResponse};
  int interim_ = 0;        // interim responses of this exchange
  bool all_sent_ = false;  // the request of this exchange has left whole
};

io::Task<Result<ClientResponse>> H1Client::send(ClientRequest& request) {
  GATEHOUSE_INVARIANT(!wire_.busy);
  wire_.busy = true;
  wire_.answered = false;
  request.sent.reset();
  wire_.stream->onPeerClosed(nullptr);
  all_sent_ = false;
  interim_ = 0;
  Unfinished unfinished(wire_);
  Method asked = request.head.method;
  std::unique_ptr<Outgoing> out = prepare(request);
  io::Deadline deadline;
  for (;;) {
    std::span<char> bytes;
    if (out != nullptr) {
      // What is whole leaves without a task of its own.
      GATEHOUSE_CO_TRY(
          Progress progress,
          out->source == nullptr && out->write ? sentPart(*out, co_await *out->write)
                                               : co_await transmit(*out)
      );
      bytes = wire_.reactor.readSpace().first(progress.answer);
      all_sent_ = progress.state == Progress::State::kSent;
      if (all_sent_) {
        request.sent = wire_.reactor.now();
      }
      if (progress.state != Progress::State::kAnswered) {
        out = nullptr;
        deadline = headDeadline();
      }
    }
    if (bytes.empty()) {
      auto count = co_await TimedRead(*wire_.stream, headSpace(), deadline, Origin::kUpstream);
      GATEHOUSE_CO_TRY(bytes, received(std::move(count)));
    }
    wire_.answered = true;
    GATEHOUSE_CO_TRY(Answer answer, parse(bytes, asked));
    if (answer) {
      if (out != nullptr) {
        GATEHOUSE_CO_TRY(const bool all_sent, co_await finishAccepted(*out, answer->head.status));
        if (all_sent) {
          request.sent = wire_.reactor.now();
        }
      }
      unfinished.finished();
      co_return *std::move(answer);
    }
  }
}

std::unique_ptr<Outgoing> H1Client::prepare(ClientRequest& request) const {
  auto out = std::make_unique<Outgoing>();
  RequestFraming framing;
  for (const Chunk& slice : request.slices) {
    framing.length += slice.size();
  }
  if (!request.stream.empty()) {
    out->source = request.stream.source();
    out->length_left = out->source->length();
    framing.chunked = !out->length_left;
    framing.length = out->length_left.value_or(0);
  }
  writeRequestHead(out->head, request.head, framing);
  out->parts.reserve(request.slices.size() + 1);
  out->parts.emplace_back(out->head);
  for (const Chunk& slice : request.slices) {
    out->parts.push_back(slice.view());
  }
  out->write.emplace(*wire_.stream, out->parts, writeRules(Unsent::kBorrowed));
  return out;
}

// Goes on sending until all is sent or the upstream says something.
io::Task<Result<Progress>> H1Client::transmit(Outgoing& out) {
  for (;;) {
    if (out.write) {
      GATEHOUSE_CO_TRY(Progress progress, sentPart(out, co_await *out.write));
      if (progress.state != Progress::State::kSent) {
        co_return progress;
      }
    }
    if (out.source == nullptr) {
      co_return Progress{};
    }
    std::optional<Piece> piece;
    if (!out.listening || out.source->ready()) {
      GATEHOUSE_CO_TRY(piece, co_await out.source->pull());
    } else {
      GATEHOUSE_CO_TRY(piece, co_await pullListening(*out.source));
    }
    if (piece) {
      GATEHOUSE_CO_CHECK_OK(nextPart(out, *piece));
      continue;
    }
    GATEHOUSE_CO_TRY(Progress progress, hear());
    if (progress.state != Progress::State::kSent) {
      co_return progress;
    }
  }
}

// Who has said yes while a body paused may still be waiting for the rest of it, and a client that
// is told so takes its upload for done: the rest follows first. What the upstream does not take any
// more does not change what it has said. Gives whether all of it has left.
io::Task<Result<bool>> H1Client::finishAccepted(Outgoing& out, Status status) {
  if (status >= 300) {
    co_return false;
  }
  out.listening = false;
  if (out.write) {
    out.write->ignoreAnswer();
  }
  Result<Progress> progress = co_await transmit(out);
  if (!progress && progress.error().origin() != Origin::kUpstream) {
    co_return fail(std::move(progress).error());
  }
  co_return progress && progress->state == Progress::State::kSent;
}

Result<Progress> H1Client::sentPart(Outgoing& out, Result<WriteEnd> end) {
  if (!end && end.error().kind() != ErrorKind::kPeerClosed) {
    return fail(wire_.upstreamError(std::move(end).error(), "while sending the request"));
  }
  if (end && *end == WriteEnd::kAllSent) {
    out.write.reset();
    return Progress{};
  }
  // An upstream that has closed may have answered before; reading will tell.
  std::size_t answer = end ? out.write->answer() : 0;
  auto state = answer == 0 ? Progress::State::kBroken : Progress::State::kAnswered;
  return Progress{state, answer};
}

// The next piece, or nothing when the upstream spoke before it came: a sender may pause for long,
// and the answer may be that it need not go on (RFC 9112 section 9.5).
io::Task<Result<std::optional<Piece>>> H1Client::pullListening(BodySource& source) {
  if (wire_.stream->readable()) {
    co_return std::nullopt;
  }
  io::Stop& outer = co_await io::currentStop();
  io::Stop heard;
  io::StopLink link(outer, heard);
  AnswerWatch watch(*wire_.stream, heard);
  Result<Piece> piece = co_await io::withStop(heard, source.pull());
  if (piece) {
    co_return *piece;
  }
  if (piece.error().kind() == ErrorKind::kCancelled && heard.requested() && !outer.requested()) {
    co_return std::nullopt;
  }
  co_return fail(std::move(piece).error());
}

// What the upstream said unasked; kSent when that was nothing.
Result<Progress> H1Client::hear() {
  io::IoProgress got = wire_.stream->tryRead(headSpace());
  switch (got.state) {
    case io::IoState::kDone:
      return Progress{Progress::State::kAnswered, got.bytes};
    case io::IoState::kWouldBlock:
      return Progress{};
    case io::IoState::kEnd:
      return Progress{Progress::State::kBroken, 0};
    case io::IoState::kFailed:
      return fail(wire_.upstreamError(wire_.stream->failure(), "while sending the request"));
  }
  std::unreachable();
}

Result<void> H1Client::nextPart(Outgoing& out, Piece piece) {
  if (piece.end) {
    out.source = nullptr;
  }
  out.parts.clear();
  if (out.length_left) {
    bool short_or_long = piece.bytes.size() > *out.length_left ||
                         (piece.end && piece.bytes.size() != *out.length_left);
    if (short_or_long) {
      return fail(
          ErrorKind::kInternal, Origin::kGateway, "request body does not have its declared length"
      );
    }
    *out.length_left -= piece.bytes.size();
    out.parts.push_back(piece.bytes);
  } else if (piece.bytes.empty()) {
    out.parts.push_back(piece.end ? kLastChunk : std::string_view());
  } else {
    out.parts.push_back(out.chunk_line.emplace(piece.bytes.size()).view());
    out.parts.push_back(piece.bytes);
    out.parts.push_back(piece.end ? kChunkEndAndLast : kChunkEnd);
  }
  out.write.emplace(*wire_.stream, out.parts, writeRules(Unsent::kCopied, out.listening));
  return {};
}

std::span<char> H1Client::headSpace() const {
  std::span<char> space = wire_.reactor.readSpace();
  return space.first(std::min(space.size(), kHeadRead));
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
Result<H1Client::Answer> H1Client::parse(std::span<char> bytes, Method asked) {
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
    if (head.status < 200 && ++interim_ > kMostInterim) {
      return fail(
          ErrorKind::kUpstreamInvalid,
          Origin::kUpstream,
          "more than " + std::to_string(kMostInterim) + " interim responses and no final one"
      );
    }
    if (head.status >= 200) {
      return respond(std::move(head), *framing, bytes);
    }
  }
  return Answer();
}

Result<H1Client::Answer> H1Client::respond(
    ResponseHead head, MessageFraming framing, std::span<char> rest
) {
  framing.keep_alive = framing.keep_alive && all_sent_;
  ClientResponse response{.head = std::move(head), .body = {}};
  if (framing.body.kind != BodyFraming::Kind::kNone) {
    auto body = std::make_unique<H1ResponseBody>(wire_, framing);
    GATEHOUSE_CHECK_OK(body->begin(rest));
    response.body = Body(std::move(body));
  } else if (framing.keep_alive && rest.empty()) {
    wire_.becomeIdle();
  } else {
    wire_.close();
  }
  return Answer(std::move(response));
}

}  // namespace

std::unique_ptr<ClientConnection> clientHttp1(
    io::Reactor& reactor, std::unique_ptr<io::Stream> stream, const ClientLimits& limits
) {
  return std::make_unique<H1Client>(reactor, std::move(stream), limits);
}

}  // namespace gatehouse::http
