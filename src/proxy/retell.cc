#include "proxy/retell.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "io/deadline.h"
#include "llm/error_body.h"
#include "llm/foreign_error.h"
#include "proxy/finish.h"
#include "telemetry/redact.h"

namespace gatehouse::proxy {
namespace {

/// A little more is read off than is told, so that the connection can be used again.
constexpr std::size_t kMostReadOff = std::size_t{64} << 10;
constexpr Nanos kPatienceForMore = Seconds(2);
constexpr std::string_view kRedacted = "[redacted]";

struct Beginning {
  std::string text;
  std::unique_ptr<Error> broken;  // why nothing comes behind it
  bool ended = false;
  bool left = false;  // more may come and is not waited for
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

/// Whether it is not known yet what the body is.
bool isUnseen(std::string_view text) {
  return llm::foreignText(text) == llm::ForeignText::kUnseen && llm::wantsMore(text);
}

/// Adds to `read` as long as `wanted` says so of its text.
io::Task<Result<void>> readWhile(
    Worker& worker,
    Exchange& x,
    http::BodySource& source,
    Beginning& read,
    bool (*wanted)(std::string_view)
) {
  while (!read.ended && wanted(read.text)) {
    GATEHOUSE_CO_TRY(http::Piece piece, co_await source.pull());
    if (!piece.bytes.empty()) {
      telemetry::Attempt& attempt = x.record.lastAttempt();
      attempt.last_byte = x.record.mark(worker.now());
      attempt.first_chunk = read.text.empty() ? attempt.last_byte : attempt.first_chunk;
    }
    read.text += piece.bytes;
    read.ended = piece.end;
  }
  co_return Result<void>();
}

/// The time that the rule leaves to the attempt.
io::Deadline deadlineOf(Exchange& x) {
  if (x.rule->backend_request_timeout == Nanos(0)) {
    return io::Deadline::never();
  }
  const Micros began(x.record.lastAttempt().start.orZero());
  return io::Deadline(x.record.start() + began + x.rule->backend_request_timeout);
}

io::Task<Result<void>> within(
    Worker& worker, io::Deadline deadline, io::Task<Result<void>> reading
) {
  if (deadline.isNever()) {
    return reading;
  }
  return io::withDeadline(
      worker.reactor(),
      deadline,
      std::move(reading),
      Origin::kUpstream,
      "the reply did not end in time"
  );
}

/// Waits for the first text as long as the rule lets it; for more of it only a moment, as a body
/// that goes on for ever has told what there is to tell.
io::Task<Result<void>> readBeginning(
    Worker& worker, Exchange& x, http::BodySource& source, Beginning& read
) {
  const io::Deadline deadline = deadlineOf(x);
  GATEHOUSE_CO_CHECK_OK(
      co_await within(worker, deadline, readWhile(worker, x, source, read, isUnseen))
  );
  const io::Deadline soon =
      deadline.orEarlier(io::Deadline::after(worker.reactor(), kPatienceForMore));
  Result<void> more =
      co_await within(worker, soon, readWhile(worker, x, source, read, llm::wantsMore));
  if (more) {
    co_return more;
  }
  const bool is_text = llm::foreignText(read.text) == llm::ForeignText::kText;
  if (more.error().kind() == ErrorKind::kTimeout && is_text) {
    read.left = true;
    co_return Result<void>();
  }
  if (isCutShort(more.error(), read.text)) {
    read.broken = std::make_unique<Error>(std::move(more).error());
    co_return Result<void>();
  }
  co_return more;
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

/// What an upstream says of the key it was sent is between it and us.
std::string withoutOurKeys(std::string text, const Exchange& x) {
  const auto* backend = std::get_if<snapshot::AiBackend>(&x.backend->target);
  if (backend == nullptr) {
    return text;
  }
  for (const upstream::PlacedCredential& placed : backend->providers.front().auth.credentials) {
    const std::string_view key = placed.value->reveal();
    for (std::size_t at = text.find(key); !key.empty() && at != std::string::npos;) {
      text.replace(at, key.size(), kRedacted);
      at = text.find(key, at + kRedacted.size());
    }
  }
  return telemetry::redacted(text);
}

void retell(Exchange& x, Answer& answer, std::string_view text) {
  const ReplyTo to = x.replyTo();
  http::Fields& fields = answer.head.fields;
  const std::string message = withoutOurKeys(std::string(llm::foreignMessage(text)), x);
  std::string body = llm::writeErrorBody(
      to.dialect,
      {.code = llm::codeOfStatus(answer.head.status),
       .message = message,
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
  if (read.ended) {
    attempt.last_byte = x.record.mark(worker.now());
  }
  x.decided = ending;
}

}  // namespace

io::Task<Result<Answer>> retellError(Worker& worker, Exchange& x, Answer answer) {
  http::BodySource* source = answer.body.source();
  if (answer.reader == nullptr || source == nullptr || !llm::mayBeForeign(answer.head)) {
    co_return answer;
  }
  Beginning read;
  if (Result<void> done = co_await readBeginning(worker, x, *source, read); !done) {
    x.record.bytes_up_in += read.text.size();
    co_return fail(noteFailed(x, std::move(done).error()));
  }
  if (llm::foreignText(read.text) != llm::ForeignText::kText) {
    answer.body = http::Body(std::make_unique<Resumed>(std::move(read), std::move(answer.body)));
    co_return answer;
  }
  if (!read.ended && !read.left && read.broken == nullptr) {
    co_await readOff(x, *source);
  }
  noteEnd(worker, x, read);
  retell(x, answer, read.text);
  co_return answer;
}

}  // namespace gatehouse::proxy
