#include "proxy/stream_out.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "proxy/finish.h"
#include "proxy/record_llm.h"
#include "proxy/tunnel_through.h"

namespace gatehouse::proxy {
namespace {

bool bodyless(http::Status status) {
  return status == 204 || status == 304 || status < 200;
}

/// How the body will be framed; takes Content-Length out where the length is not known any more.
http::Framing frame(Answer& answer, bool head_request) {
  if (head_request || bodyless(answer.head.status)) {
    return http::Framing::kNone;
  }
  if (answer.body.empty()) {
    answer.head.fields.set("Content-Length", "0");
    return http::Framing::kLength;
  }
  if (answer.event_stream && answer.from_upstream) {
    answer.head.fields.remove("content-length");
    return http::Framing::kChunked;
  }
  return answer.head.fields.has("content-length") ? http::Framing::kLength
                                                  : http::Framing::kChunked;
}

/// The request's own id on every reply; as x-request-id too unless the provider sent one.
void addIds(http::Fields& fields, std::string_view request_id) {
  bool has_one = fields.has("x-request-id") || fields.has("request-id");
  fields.set("x-gatehouse-request-id", request_id);
  if (!has_one) {
    fields.add("x-request-id", request_id);
  }
}

constexpr std::size_t kRun = 512U << 10;  // bytes sent before others have their turn

/// The pull loop over one body; lives as long as the stream, so it holds little.
class Out {
 public:
  Out(Worker& worker, Exchange& x, Answer& answer)
      : worker_(worker),
        x_(x),
        body_(std::move(answer.body)),
        reader_(std::move(answer.reader)),
        from_upstream_(answer.from_upstream),
        has_end_mark_(answer.event_stream && answer.head.status < 300) {
    const Nanos silence = worker.settings().stream_keep_alive;
    if (reader_ != nullptr && has_end_mark_ && silence != Nanos(0) && !body_.empty()) {
      body_.source()->wakeInSilence(silence);
    }
  }

  /// The loop. Its frame lives as long as the stream: what an expression makes is taken apart by
  /// functions that are not inlined.
  static io::Task<void> run(Out out);

 private:
  std::string_view visible(std::string_view bytes);
  io::Task<void> endCleanly(std::string_view last);
  void passTrailers();
  io::Task<void> breakOff();
  io::Task<Result<void>> tellAlive();
  void countRun(std::size_t size);
  bool isGreedy() const { return run_ > kRun; }
  io::Task<Result<void>> giveWay();
  std::optional<http::Piece> pulled(Result<http::Piece> piece);
  bool sent(Result<void> result);
  bool isSentNoted() const;
  void noteSent(MonoTime now);
  void noteBroken();
  void settle(telemetry::Ending ending, MonoTime now);

  Worker& worker_;
  Exchange& x_;
  http::Body body_;
  std::unique_ptr<llm::ReplyReader> reader_;
  std::unique_ptr<Error> broken_;  // why it cannot go on
  std::string joined_;             // what is sent of a piece that had a part cut out
  std::size_t run_ = 0;            // bytes sent since others last ran
  MonoTime last_piece_{};          // when bytes last came, and when they last left: to the turn
  MonoTime last_sent_{};
  bool from_upstream_;
  bool has_end_mark_;  // its dialect says where it ends; else the framing alone does
  bool token_seen_ = false;
  bool silent_ = false;  // what was pulled last is silence
};

/// What the client shall see of `bytes`; valid as long as they are. Notes what they tell.
std::string_view Out::visible(std::string_view bytes) {
  if (bytes.empty()) {
    return bytes;
  }
  telemetry::Attempt* attempt = from_upstream_ ? &x_.record.lastAttempt() : nullptr;
  if (attempt != nullptr) {
    x_.record.bytes_up_in += bytes.size();
    last_piece_ = worker_.reactor().now();
    if (!attempt->first_chunk.known()) {
      attempt->first_chunk = x_.record.mark(worker_.now());
    }
  }
  if (reader_ == nullptr) {
    return bytes;
  }
  llm::ReplyReader::Forward out = reader_->feed(bytes);
  if (out.first_token && !token_seen_) {
    token_seen_ = true;
    if (attempt != nullptr) {
      attempt->first_token = x_.record.mark(worker_.now());
    }
  }
  if (out.views.size() == 1) {
    return out.views.front();
  }
  joined_.clear();
  for (std::string_view view : out.views) {
    joined_ += view;
  }
  return joined_;
}

/// Whether more bytes given to the kernel would change no mark.
bool Out::isSentNoted() const {
  const telemetry::RequestRecord& record = x_.record;
  return record.t_client_first.known() && (!token_seen_ || record.t_client_first_token.known());
}

/// After bytes were given to the kernel. The first of them were before any wait for the client.
void Out::noteSent(MonoTime now) {
  telemetry::RequestRecord& record = x_.record;
  if (!record.t_client_first.known()) {
    record.t_client_first = record.mark(now - x_.wire->counts().stall);
  }
  if (token_seen_ && !record.t_client_first_token.known()) {
    record.t_client_first_token = record.mark(now);
  }
}

/// Of a reply that breaks off it is known when the last of it came and left.
void Out::noteBroken() {
  telemetry::RequestRecord& record = x_.record;
  if (record.t_client_first) {
    const telemetry::Mark first = later(record.t_client_first, record.t_client_first_token);
    record.t_client_last = later(record.mark(last_sent_), first);
  }
  if (from_upstream_ && record.lastAttempt().first_chunk) {
    telemetry::Attempt& attempt = record.lastAttempt();
    const telemetry::Mark first = later(attempt.first_chunk, attempt.first_token);
    attempt.last_byte = later(record.mark(last_piece_), first);
  }
}

void Out::settle(telemetry::Ending ending, MonoTime now) {
  if (reader_ != nullptr) {
    noteReply(x_, reader_->takeFacts());
  }
  endRecord(x_, ending, now);
}

/// How a reply read to its end has ended. An error the upstream reported within its stream is a
/// failure when nothing else was delivered.
telemetry::Ending endingOf(llm::ReplyVerdict verdict, telemetry::Outcome whole) {
  switch (verdict) {
    case llm::ReplyVerdict::kComplete:
      return {whole};
    case llm::ReplyVerdict::kUpstreamFailed:
      return {telemetry::Outcome::kUpstreamFailed, telemetry::Detail::kHttpResponseIncomplete};
    case llm::ReplyVerdict::kTruncated:
    case llm::ReplyVerdict::kUpstreamError:
      break;
  }
  return {telemetry::Outcome::kUpstreamTruncated, telemetry::Detail::kStreamTruncated};
}

/// The body has come to its end; `last` is what is left to send. A stream without its dialect's end
/// mark is no clean end.
io::Task<void> Out::endCleanly(std::string_view last) {
  telemetry::Outcome whole =
      from_upstream_ ? telemetry::Outcome::kCompleted : telemetry::Outcome::kLocalReply;
  telemetry::Ending ending{whole};
  bool cut_short = false;
  std::string with_tail;
  if (reader_ != nullptr) {
    llm::ReplyEnd end = reader_->finish(llm::BodyEnd::kClean, x_.request_id);
    bool truncated = end.verdict == llm::ReplyVerdict::kTruncated;
    cut_short = truncated && has_end_mark_;
    if (!truncated || cut_short) {
      ending = endingOf(end.verdict, whole);
    }
    if (!end.tail.empty() && truncated == cut_short) {
      with_tail.append(last).append(end.tail);
      last = with_tail;
    }
  }
  const Nanos stalled = x_.wire->counts().stall;
  if (reader_ == nullptr) {
    passTrailers();
  }
  Result<void> sent = cut_short ? co_await x_.wire->write(last) : co_await x_.wire->finish(last);
  if (cut_short) {
    x_.wire->abort();
  }
  MonoTime now = worker_.now();
  if (sent) {
    noteSent(now);
    x_.record.t_client_last = x_.record.mark(now);
  } else {
    noteBroken();
  }
  if (from_upstream_) {
    // The upstream had ended before the wait for the client.
    x_.record.lastAttempt().last_byte = x_.record.mark(now - (x_.wire->counts().stall - stalled));
  }
  settle(sent ? x_.decided.value_or(ending) : endingFor(worker_, x_, sent.error()), now);
}

/// What a service says behind its reply; of a model it would be about other bytes than ours.
[[gnu::noinline]] void Out::passTrailers() {
  const http::Fields* trailers = body_.empty() ? nullptr : body_.source()->trailers();
  if (trailers != nullptr && !trailers->empty()) {
    x_.wire->setTrailers(*trailers);
  }
}

/// Of a body that broke off.
llm::BodyEnd bodyEndOf(const telemetry::Ending& ending) {
  if (ending.outcome == telemetry::Outcome::kClientGone) {
    return llm::BodyEnd::kAbandoned;
  }
  return ending.detail == telemetry::Detail::kShutdown ? llm::BodyEnd::kShutdown
                                                       : llm::BodyEnd::kBroken;
}

/// The body ended in an error after the head had left. The client learns that it is not whole: its
/// dialect's error event if it reads a stream, and in any case no clean end.
io::Task<void> Out::breakOff() {
  *broken_ = whyStopped(x_, *std::move(broken_));
  const Error& error = *broken_;
  telemetry::Ending ending = endingFor(worker_, x_, error);
  if (reader_ != nullptr) {
    llm::BodyEnd how = bodyEndOf(ending);
    llm::ReplyEnd end = reader_->finish(how, x_.request_id);
    if (how != llm::BodyEnd::kAbandoned && !end.tail.empty()) {
      // Whether the client still takes it changes nothing about how this request ended.
      if (co_await x_.wire->write(end.tail)) {
        last_sent_ = worker_.reactor().now();
      }
    }
  }
  x_.wire->abort();
  if (from_upstream_) {
    x_.record.lastAttempt().detail = ending.detail;
  }
  x_.record.set(telemetry::Text::kError, error.chain());
  noteBroken();
  settle(ending, worker_.now());
}

io::Task<void> Out::run(Out out) {
  http::BodySource* source = out.body_.source();
  if (source == nullptr) {
    co_await out.endCleanly({});
    co_return;
  }
  if (!source->ready()) {
    if (!out.sent(co_await out.x_.wire->flush())) {
      co_await out.breakOff();
      co_return;
    }
  }
  for (;;) {
    std::optional<http::Piece> piece = out.pulled(co_await source->pull());
    if (!piece) {
      co_await out.breakOff();
      co_return;
    }
    if (piece->end) {
      co_await out.endCleanly(piece->bytes);
      co_return;
    }
    out.countRun(piece->bytes.size());
    if (out.silent_
            ? !out.sent(co_await out.tellAlive())
            : !piece->bytes.empty() && !out.sent(co_await out.x_.wire->write(piece->bytes))) {
      co_await out.breakOff();
      co_return;
    }
    if (out.isGreedy() && !out.sent(co_await out.giveWay())) [[unlikely]] {
      co_await out.breakOff();
      co_return;
    }
  }
}

/// Before bytes are sent. Where the upstream is as fast as we are and the client as fast as both,
/// no wait ever lets others run.
void Out::countRun(std::size_t size) {
  // Within one turn the loop's time stands still.
  run_ = last_sent_ == worker_.reactor().now() ? run_ + size : size;
}

io::Task<Result<void>> Out::giveWay() {
  run_ = 0;
  co_return co_await io::nextTurn(worker_.reactor());
}

/// The client learns that a silent stream goes on.
io::Task<Result<void>> Out::tellAlive() {
  const std::string event = reader_->keepAlive();
  if (event.empty()) {
    co_return Result<void>();
  }
  co_return co_await x_.wire->write(event);
}

/// A piece as the client shall see it; nothing when the body is broken.
[[gnu::noinline]] std::optional<http::Piece> Out::pulled(Result<http::Piece> piece) {
  if (!piece) {
    broken_ = std::make_unique<Error>(std::move(piece).error());
    return std::nullopt;
  }
  silent_ = piece->bytes.empty() && !piece->end;
  return http::Piece{visible(piece->bytes), piece->end};
}

[[gnu::noinline]] bool Out::sent(Result<void> result) {
  if (!result) {
    broken_ = std::make_unique<Error>(std::move(result).error());
    return false;
  }
  last_sent_ = worker_.reactor().now();
  if (!isSentNoted()) {
    noteSent(worker_.now());
  }
  return true;
}

}  // namespace

bool isEventStream(const http::ResponseHead& head) {
  return istartsWith(head.fields.get("content-type").value_or(""), "text/event-stream");
}

io::Task<void> streamOut(Worker& worker, Exchange& x, Answer answer) {
  if (answer.head.status == 101) [[unlikely]] {
    answer.head.fields.set("Upgrade", "websocket");
  }
  http::Framing framing = frame(answer, x.record.method == http::Method::kHead);
  addIds(answer.head.fields, x.request_id);
  x.record.status = answer.head.status;
  x.wire->writeHead(answer.head, framing);
  if (answer.head.status == 101) [[unlikely]] {
    return tunnelThrough(worker, x, std::move(answer.body));
  }
  if (framing == http::Framing::kChunked) {
    worker.telemetry().streamBegan(x.record);
  }
  if (framing == http::Framing::kNone) {
    answer.body = http::Body();
    answer.reader = nullptr;
  }
  return Out::run(Out(worker, x, answer));
}

}  // namespace gatehouse::proxy
