#include "proxy/retell.h"

#include <memory>
#include <string>
#include <utility>

#include "io/deadline.h"
#include "llm/error_body.h"
#include "llm/foreign_error.h"
#include "proxy/finish.h"

namespace gatehouse::proxy {
namespace {

/// A little more is read off than is told, so that the connection can be used again.
constexpr std::size_t kMostReadOff = std::size_t{64} << 10;

struct Beginning {
  std::string text;
  std::unique_ptr<Error> broken;  // why nothing comes behind it
  bool ended = false;
};

/// A body of which a part was read.
class Resumed final : public http::BodySource {
 public:
  Resumed(Beginning read, http::Body rest) : read_(std::move(read)), rest_(std::move(rest)) {}

  io::Task<Result<http::Piece>> pull() override {
    if (!given_) {
      given_ = true;
      co_return http::Piece{read_.text, read_.ended};
    }
    co_return co_await rest_.source()->pull();
  }
  bool ready() const override { return !given_ || rest_.source()->ready(); }
  std::optional<std::uint64_t> length() const override { return rest_.length(); }
  const http::Fields* trailers() const override { return rest_.source()->trailers(); }

 private:
  Beginning read_;
  http::Body rest_;
  bool given_ = false;
};

/// The error that ends the exchange when nothing can be told of the upstream's.
Error noteFailed(Exchange& x, Error error) {
  error = whyStopped(x, std::move(error));
  x.record.lastAttempt().detail =
      telemetry::endingOf(error.kind(), error.origin(), telemetry::Reply::kNotBegun).detail;
  return error;
}

/// Whether the upstream itself broke off, with something to tell before.
bool isCutShort(const Error& error, std::string_view text) {
  const bool upstream =
      error.kind() == ErrorKind::kUpstreamClosed || error.kind() == ErrorKind::kUpstreamInvalid;
  return upstream && llm::foreignText(text) == llm::ForeignText::kText;
}

io::Task<Result<Beginning>> readBeginning(Worker& worker, Exchange& x, http::BodySource& source) {
  Beginning read;
  while (!read.ended && llm::wantsMore(read.text)) {
    Result<http::Piece> piece = co_await source.pull();
    if (!piece && !isCutShort(piece.error(), read.text)) {
      x.record.bytes_up_in += read.text.size();
      co_return fail(std::move(piece).error());
    }
    if (!piece) {
      read.broken = std::make_unique<Error>(std::move(piece).error());
      break;
    }
    if (read.text.empty() && !piece->bytes.empty()) {
      x.record.lastAttempt().first_chunk = x.record.mark(worker.now());
    }
    read.text += piece->bytes;
    read.ended = piece->end;
  }
  co_return read;
}

/// The same within the time the rule leaves to the attempt.
io::Task<Result<Beginning>> readInTime(Worker& worker, Exchange& x, http::BodySource& source) {
  auto reading = readBeginning(worker, x, source);
  if (x.rule->backend_request_timeout == Nanos(0)) {
    return reading;
  }
  const Micros began(x.record.lastAttempt().start.orZero());
  return io::withDeadline(
      worker.reactor(),
      io::Deadline(x.record.start() + began + x.rule->backend_request_timeout),
      std::move(reading),
      Origin::kUpstream,
      "the reply did not end in time"
  );
}

/// What is there already of a body that is not told. One that does not end with it, or breaks,
/// costs its connection.
io::Task<void> readOff(Exchange& x, http::BodySource& source) {
  for (std::size_t size = 0; size < kMostReadOff && source.ready();) {
    Result<http::Piece> piece = co_await source.pull();
    if (!piece) {
      co_return;
    }
    size += piece->bytes.size();
    x.record.bytes_up_in += piece->bytes.size();
    if (piece->end) {
      co_return;
    }
  }
}

/// Of the content that is not sent.
void removeContentFields(http::Fields& fields) {
  for (std::string_view name :
       {"content-type",
        "content-length",
        "content-encoding",
        "content-language",
        "content-location",
        "content-disposition",
        "content-range",
        "content-md5",
        "content-digest",
        "repr-digest",
        "digest",
        "etag",
        "last-modified",
        "accept-ranges"}) {
    fields.remove(name);
  }
}

void retell(Exchange& x, Answer& answer, std::string_view text) {
  const ReplyTo to = x.replyTo();
  http::Fields& fields = answer.head.fields;
  std::string body = llm::writeErrorBody(
      to.dialect,
      {.code = llm::codeOfStatus(answer.head.status),
       .message = llm::foreignMessage(text),
       .request_id = to.request_id,
       .param = {},
       .status = answer.head.status}
  );
  removeContentFields(fields);
  fields.add("Content-Type", "application/json");
  fields.add("Content-Length", std::to_string(body.size()));
  if (to.dialect == llm::Dialect::kMessages && !fields.has("request-id")) {
    fields.add("request-id", to.request_id);
  }
  answer.body = http::Body::fixed(Chunk::own(std::move(body)));
  answer.from_upstream = false;
}

/// How the upstream's reply has ended, which the client is not sent.
void noteEnd(Worker& worker, Exchange& x, const Beginning& read) {
  telemetry::Ending ending{telemetry::Outcome::kCompleted};
  telemetry::Attempt& attempt = x.record.lastAttempt();
  if (read.broken != nullptr) {
    const Error& error = *read.broken;
    ending = telemetry::endingOf(error.kind(), error.origin(), telemetry::Reply::kBegun);
    attempt.detail = ending.detail;
    x.record.set(telemetry::Text::kError, error.chain());
  }
  x.record.bytes_up_in += read.text.size();
  attempt.last_byte = x.record.mark(worker.now());
  x.decided = ending;
}

}  // namespace

io::Task<Result<Answer>> retellError(Worker& worker, Exchange& x, Answer answer) {
  http::BodySource* source = answer.body.source();
  if (answer.reader == nullptr || source == nullptr || !llm::mayBeForeign(answer.head)) {
    co_return answer;
  }
  Result<Beginning> read = co_await readInTime(worker, x, *source);
  if (!read) {
    co_return fail(noteFailed(x, std::move(read).error()));
  }
  if (llm::foreignText(read->text) != llm::ForeignText::kText) {
    answer.body = http::Body(std::make_unique<Resumed>(*std::move(read), std::move(answer.body)));
    co_return answer;
  }
  if (!read->ended && read->broken == nullptr) {
    co_await readOff(x, *source);
  }
  noteEnd(worker, x, *read);
  retell(x, answer, read->text);
  co_return answer;
}

}  // namespace gatehouse::proxy
