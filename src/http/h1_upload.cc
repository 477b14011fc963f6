#include "http/h1_upload.h"

#include <algorithm>
#include <span>
#include <utility>

#include "http/trailers/trailers.h"

namespace gatehouse::http {
namespace {

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

}  // namespace

H1Upload::H1Upload(H1ClientWire& wire, const ClientRequest& request) : wire_(wire) {
  RequestFraming framing{.web_socket = request.web_socket, .te_trailers = request.te_trailers};
  for (const Chunk& slice : request.slices) {
    framing.length += slice.size();
  }
  if (!request.stream.empty()) {
    source_ = request.stream.source();
    length_left_ = source_->length();
    framing.chunked = !length_left_;
    framing.length = length_left_.value_or(0);
    uninvited_ = request.expect_continue && !source_->ready();
    framing.expect_continue = uninvited_;
    if (framing.chunked) {
      trailers_ = request.head.fields.get("trailer").value_or("");
    }
  }
  writeRequestHead(head_, request.head, framing);
  parts_.reserve(request.slices.size() + 1);
  parts_.emplace_back(head_);
  for (const Chunk& slice : request.slices) {
    parts_.push_back(slice.view());
  }
  write_.emplace(*wire_.stream, parts_, writeRules(Unsent::kBorrowed));
}

TimedWrite::Rules H1Upload::writeRules(Unsent unsent) const {
  return {wire_.limits.write_timeout, unsent, listening_, Origin::kUpstream};
}

io::Task<Result<H1Upload::Progress>> H1Upload::send() {
  for (;;) {
    if (write_) {
      GATEHOUSE_CO_TRY(Progress progress, sent(co_await *write_));
      if (progress.state != State::kSent) {
        co_return progress;
      }
    }
    if (source_ == nullptr) {
      co_return Progress{};
    }
    if (std::exchange(uninvited_, false) && listening_) {
      GATEHOUSE_CO_TRY(Progress progress, co_await awaitInvitation());
      if (progress.state != State::kSent) {
        co_return progress;
      }
    }
    std::optional<Piece> piece;
    if (!listening_ || source_->ready()) {
      GATEHOUSE_CO_TRY(piece, co_await source_->pull());
    } else {
      GATEHOUSE_CO_TRY(piece, co_await pullListening());
    }
    if (piece) {
      GATEHOUSE_CO_CHECK_OK(nextPart(*piece));
      continue;
    }
    GATEHOUSE_CO_TRY(Progress progress, hear());
    if (progress.state != State::kSent) {
      co_return progress;
    }
  }
}

io::Task<Result<void>> H1Upload::finish() {
  listening_ = false;
  if (write_) {
    write_->ignoreAnswer();
  }
  Result<Progress> progress = co_await send();
  if (!progress && progress.error().origin() != Origin::kUpstream) {
    co_return fail(std::move(progress).error());
  }
  co_return Result<void>();
}

Result<H1Upload::Progress> H1Upload::sent(Result<WriteEnd> end) {
  if (!end && end.error().kind() != ErrorKind::kPeerClosed) {
    return fail(wire_.upstreamError(std::move(end).error(), "while sending the request"));
  }
  if (end && *end == WriteEnd::kAllSent) {
    write_.reset();
    return Progress{};
  }
  // An upstream that has closed may have answered before; reading will tell.
  std::size_t answer = end ? write_->answer() : 0;
  return Progress{answer == 0 ? State::kBroken : State::kAnswered, answer};
}

// The next piece, or nothing when the upstream spoke before it came: a sender may pause for long,
// and the answer may be that it need not go on (RFC 9112 section 9.5).
io::Task<Result<std::optional<Piece>>> H1Upload::pullListening() {
  if (wire_.stream->readable()) {
    co_return std::nullopt;
  }
  io::Stop& outer = co_await io::currentStop();
  io::Stop heard;
  io::StopLink link(outer, heard);
  AnswerWatch watch(*wire_.stream, heard);
  Result<Piece> piece = co_await io::withStop(heard, source_->pull());
  if (piece) {
    co_return *piece;
  }
  if (piece.error().kind() == ErrorKind::kCancelled && heard.requested() && !outer.requested()) {
    co_return std::nullopt;
  }
  co_return fail(std::move(piece).error());
}

// Some never say anything to it: then the body is sent all the same.
io::Task<Result<H1Upload::Progress>> H1Upload::awaitInvitation() {
  constexpr Nanos kPatience = Seconds(1);
  const auto deadline = io::Deadline::after(wire_.reactor, kPatience);
  auto count = co_await TimedRead(*wire_.stream, wire_.headSpace(), deadline, Origin::kUpstream);
  if (count) {
    co_return Progress{*count == 0 ? State::kBroken : State::kAnswered, *count};
  }
  switch (count.error().kind()) {
    case ErrorKind::kTimeout:
      co_return Progress{};
    case ErrorKind::kPeerClosed:
      co_return Progress{State::kBroken, 0};
    default:
      co_return fail(wire_.upstreamError(std::move(count).error(), "before the request was sent"));
  }
}

// `before`: the end of the chunk in front of it.
std::string_view H1Upload::lastChunk(std::string_view before) {
  const Fields* trailers = trailers_.empty() ? nullptr : source_->trailers();
  if (trailers == nullptr) [[likely]] {
    return before.empty() ? kLastChunk : kChunkEndAndLast;
  }
  last_chunk_ = before;
  writeLastChunk(last_chunk_, announcedTrailers(*trailers, trailers_));
  return last_chunk_;
}

// What the upstream said unasked; kSent when that was nothing.
Result<H1Upload::Progress> H1Upload::hear() {
  io::IoProgress got = wire_.stream->tryRead(wire_.headSpace());
  switch (got.state) {
    case io::IoState::kDone:
      return Progress{State::kAnswered, got.bytes};
    case io::IoState::kWouldBlock:
      return Progress{};
    case io::IoState::kEnd:
      return Progress{State::kBroken, 0};
    case io::IoState::kFailed:
      return fail(wire_.upstreamError(wire_.stream->failure(), "while sending the request"));
  }
  std::unreachable();
}

Result<void> H1Upload::nextPart(Piece piece) {
  parts_.clear();
  if (length_left_) {
    bool short_or_long =
        piece.bytes.size() > *length_left_ || (piece.end && piece.bytes.size() != *length_left_);
    if (short_or_long) {
      return fail(
          ErrorKind::kInternal, Origin::kGateway, "request body does not have its declared length"
      );
    }
    *length_left_ -= piece.bytes.size();
    parts_.push_back(piece.bytes);
  } else if (piece.bytes.empty()) {
    parts_.push_back(piece.end ? lastChunk({}) : std::string_view());
  } else {
    parts_.push_back(chunk_line_.emplace(piece.bytes.size()).view());
    parts_.push_back(piece.bytes);
    parts_.push_back(piece.end ? lastChunk(kChunkEnd) : kChunkEnd);
  }
  write_.emplace(*wire_.stream, parts_, writeRules(Unsent::kCopied));
  if (piece.end) {
    source_ = nullptr;
  }
  return {};
}

H1UploadBeside::H1UploadBeside(std::unique_ptr<H1Upload> upload, ClientRequest& request)
    : upload_(std::move(upload)),
      slices_(request.slices),
      stream_(std::move(request.stream)),
      over_(upload_->reactor()),
      running_(run(), never_) {}

io::Task<void> H1UploadBeside::run() {
  if (Result<void> finished = co_await upload_->finish(); !finished) {
    failure_ = std::make_unique<Error>(std::move(finished).error());
  }
  over_.notify();
  if (reading_ != nullptr) {
    reading_->interrupt();
  }
}

}  // namespace gatehouse::http
