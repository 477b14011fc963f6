#include "proxy/finish.h"

#include <utility>
#include <variant>

#include "base/text.h"
#include "llm/dialect_match.h"
#include "proxy/begin.h"
#include "proxy/record_llm.h"
#include "telemetry/report.h"

namespace gatehouse::proxy {
namespace {

bool nobodyListens(ErrorKind kind) {
  return kind == ErrorKind::kCancelled || kind == ErrorKind::kPeerClosed;
}

/// Methods the request's path would have taken, for the Allow field; empty if it takes the one it
/// has. Errors may speak another dialect than the path has, as those of a model list do.
std::string_view allowedFor(Exchange& x, const Error& error) {
  if (error.kind() != ErrorKind::kMethodNotAllowed || x.backend == nullptr) {
    return {};
  }
  const http::RequestHead& head = x.head();
  const auto* ai = std::get_if<snapshot::AiBackend>(&x.backend->target);
  const llm::DialectRoutes none;
  const llm::DialectRoutes& routes = ai == nullptr ? none : ai->providers.front().llm.routes;
  return llm::allowedMethods(llm::matchDialect(head.method, head.path(), routes).dialect);
}

void logFailure(Worker& worker, const Exchange& x, const Error& error) {
  bool ours = error.kind() == ErrorKind::kInternal || error.kind() == ErrorKind::kSystem;
  if (ours) {
    worker.log().error(
        "request failed in the gateway", {{"request.id", x.request_id}, {"error", error.chain()}}
    );
  }
}

}  // namespace

Error whyStopped(Exchange& x, Error error) {
  if (error.kind() != ErrorKind::kCancelled || !x.overLimit()) {
    return error;
  }
  if (x.wire->headWritten()) {
    return {ErrorKind::kTimeout, Origin::kUpstream, "the reply did not end in time"};
  }
  if (x.record.attemptCount() == 0) {
    return {ErrorKind::kTimeout, Origin::kDownstream, "the request did not arrive in time"};
  }
  std::string_view endpoint = x.record.text(x.record.lastAttempt().endpoint);
  return {
      ErrorKind::kTimeout, Origin::kUpstream, "no answer from " + std::string(endpoint) + " in time"
  };
}

telemetry::Ending endingFor(Worker& worker, const Exchange& x, const Error& error) {
  const bool stopped = error.kind() == ErrorKind::kCancelled || error.kind() == ErrorKind::kTimeout;
  if (stopped && x.overLimit()) {
    // Also behind the head: unlike an idle stream, this reply had a time to be whole.
    bool asked = x.wire->headWritten() || x.record.attemptCount() != 0;
    return {
        telemetry::Outcome::kTimedOut,
        asked ? telemetry::Detail::kHttpResponseTimeout : telemetry::Detail::kHttpRequestError
    };
  }
  if (error.kind() == ErrorKind::kCancelled) {
    if (worker.cutOff().requested()) {
      return {telemetry::Outcome::kGatewayFailed, telemetry::Detail::kShutdown};
    }
    return {telemetry::Outcome::kClientGone, telemetry::Detail::kClientCancelled};
  }
  auto reply = x.wire->headWritten() ? telemetry::Reply::kBegun : telemetry::Reply::kNotBegun;
  return telemetry::endingOf(error.kind(), error.origin(), reply);
}

Result<Answer> answerError(Worker& worker, Exchange& x, Error error) {
  telemetry::Ending ending = endingFor(worker, x, error);
  x.record.set(telemetry::Text::kError, error.chain());
  logFailure(worker, x, error);
  if (x.record.llmPart() != nullptr && !x.record.has(telemetry::Text::kSession)) {
    noteSession(x);
  }
  if (nobodyListens(error.kind())) {
    x.wire->abort();
    endRecord(x, ending, worker.now());
    return fail(std::move(error));
  }
  x.decided = ending;
  guessDialect(x);
  ReplyTo to = x.replyTo();
  to.allow = allowedFor(x, error);
  LocalReply reply = errorReply(error, to);
  Answer answer;
  answer.head = std::move(reply.head);
  answer.body = http::Body::fixed(Chunk::own(std::move(reply.body)));
  return answer;
}

void endRecord(Exchange& x, telemetry::Ending ending, MonoTime now) {
  const http::ExchangeCounts& counts = x.wire->counts();
  x.record.bytes_in = counts.bytes_in;
  x.record.bytes_out = counts.bytes_out;
  x.record.stall_client = telemetry::Mark(std::chrono::duration_cast<Micros>(counts.stall));
  if (!counts.begun) {
    x.record.status = 0;  // of a head that did not leave
  }
  if (x.body_passes_on) {
    x.record.bytes_up_out += counts.bytes_in;
  }
  x.record.end(ending, now);
}

void finish(Worker& worker, Exchange& x) {
  worker.telemetry().bufferedBytes(worker.reactor().buffers().lent());
  telemetry::report(x.record, worker.telemetry());
}

}  // namespace gatehouse::proxy
