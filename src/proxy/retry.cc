#include "proxy/retry.h"

#include <memory>
#include <string>
#include <utility>

#include "io/deadline.h"
#include "proxy/kept_body.h"
#include "upstream/retry.h"

namespace gatehouse::proxy {
namespace {

using telemetry::WhyNext;

constexpr std::size_t kMostKept = std::size_t{1} << 20;
constexpr std::size_t kMostRead = std::size_t{1} << 16;  // of an answer that nobody gets

std::shared_ptr<KeptBody> keepBody(Worker& worker, http::ClientRequest& request) {
  if (request.stream.empty()) {
    return nullptr;
  }
  auto kept = KeptBody::make(worker.reactor().buffers(), std::move(request.stream), kMostKept);
  request.stream = kept->fromBeginning();
  return kept;
}

/// kNone: the answer stands.
WhyNext whyAgain(
    Exchange& x, const upstream::RetryRule& rule, const Result<http::ClientResponse>& response
) {
  if (response) {
    return rule.covers(response->head.status) ? WhyNext::kRetryStatus : WhyNext::kNone;
  }
  if (x.overLimit() || !upstream::isConnectionError(response.error())) {
    return WhyNext::kNone;
  }
  return response.error().kind() == ErrorKind::kTimeout ? WhyNext::kRetryTimeout
                                                        : WhyNext::kRetryConnect;
}

/// Reads a short answer to its end, so that its connection can be used again.
io::Task<Result<void>> readRest(Exchange& x, http::Body body) {
  http::BodySource* source = body.source();
  for (std::size_t read = 0; source != nullptr && read < kMostRead;) {
    GATEHOUSE_CO_TRY(http::Piece piece, co_await source->pull());
    read += piece.bytes.size();
    x.record.bytes_up_in += piece.bytes.size();
    if (piece.end) {
      break;
    }
  }
  co_return Result<void>();
}

/// kCancelled: the client has gone, or its time is over.
io::Task<Result<void>> pauseBefore(
    Worker& worker, Exchange& x, Nanos pause, Result<http::ClientResponse>& failed
) {
  const auto until = io::Deadline::after(worker.reactor(), pause);
  if (failed && !failed->body.empty()) {
    static_cast<void>(co_await io::withDeadline(
        worker.reactor(),
        until,
        readRest(x, std::move(failed->body)),
        Origin::kUpstream,
        "the answer does not end"
    ));
  }
  co_return co_await io::sleepUntil(worker.reactor(), until);
}

/// The connection it was sent on had been idle, and was not there any more.
bool wasStale(Exchange& x, const Result<http::ClientResponse>& response) {
  return !response && response.error().kind() == ErrorKind::kUpstreamClosed &&
         response.error().retry() != Retry::kNever && x.record.lastAttempt().reused;
}

/// Any of the backend's endpoints but the one that failed, if it has others.
upstream::EndpointHandle anotherEndpoint(Worker& worker, const UpstreamCall& call) {
  if (call.others == nullptr || call.others->size() < 2) {
    return call.endpoint;
  }
  std::size_t choice = worker.telemetry().random().next() % (call.others->size() - 1);
  for (const upstream::EndpointHandle& endpoint : *call.others) {
    if (endpoint != call.endpoint && choice-- == 0) {
      return endpoint;
    }
  }
  return call.endpoint;
}

/// The next try is another one's.
void goElsewhere(Worker& worker, UpstreamCall& call, http::RequestHead& head, unsigned retry) {
  call.endpoint = anotherEndpoint(worker, call);
  if (!call.endpoint->inside) {
    constexpr http::FieldSet kTrace = {"traceparent", "tracestate"};
    head.fields.removeAll(kTrace);
  }
  head.fields.set("x-retry-attempt", std::to_string(retry));
}

}  // namespace

io::Task<Result<http::ClientResponse>> callWithRetries(
    Worker& worker, Exchange& x, UpstreamCall call, http::ClientRequest& request
) {
  const upstream::RetryRule& rule = *x.rule->retry;
  const std::shared_ptr<KeptBody> kept = keepBody(worker, request);
  unsigned retries = 0;
  for (bool stale_before = false;;) {
    const std::uint64_t repeated = kept == nullptr ? 0 : kept->repeated();
    Result<http::ClientResponse> response = co_await callOnce(worker, x, call, request);
    if (kept != nullptr) {
      x.record.bytes_up_out += kept->repeated() - repeated;
    }
    const WhyNext why = whyAgain(x, rule, response);
    // That says nothing about the endpoint, and takes no retry; once.
    const bool stale = !stale_before && wasStale(x, response);
    if (why == WhyNext::kNone || (!stale && retries == rule.attempts) ||
        (kept != nullptr && !kept->isWhole())) {
      co_return std::move(response);
    }
    stale_before = stale_before || stale;
    if (!stale) {
      const Nanos pause = rule.pause(worker.telemetry().random().next());
      GATEHOUSE_CO_CHECK_OK(co_await pauseBefore(worker, x, pause, response));
      goElsewhere(worker, call, request.head, ++retries);
    }
    x.record.lastAttempt().why_next = why;
    call.begin = worker.now();
    if (kept != nullptr) {
      request.stream = kept->fromBeginning();
    }
  }
}

}  // namespace gatehouse::proxy
