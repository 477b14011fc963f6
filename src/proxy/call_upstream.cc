#include "proxy/call_upstream.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "io/deadline.h"
#include "llm/provider/provider.h"
#include "proxy/begin.h"
#include "proxy/filters.h"
#include "proxy/finish.h"
#include "proxy/retry.h"
#include "telemetry/trace_context.h"
#include "telemetry/upstream_head.h"
#include "upstream/attempt.h"

namespace gatehouse::proxy {
namespace {

void addTraceFields(http::Fields& fields, const Exchange& x, const upstream::Endpoint& endpoint) {
  if (endpoint.inside) {
    const auto parent = telemetry::traceparentFor(x.record.trace, x.record.trace.span);
    fields.add("traceparent", parent.view());
    if (std::string_view state = x.record.text(telemetry::Text::kTraceState); !state.empty()) {
      fields.add("tracestate", state);
    }
  }
}

std::uint64_t sizeOf(const std::vector<Chunk>& slices) {
  std::uint64_t size = 0;
  for (const Chunk& slice : slices) {
    size += slice.size();
  }
  return size;
}

void noteMarks(
    Exchange& x, const upstream::AttemptMarks& marks, const http::ClientRequest& request
) {
  telemetry::RequestRecord& record = x.record;
  for (std::uint8_t i = 0; i < marks.repeats; ++i) {
    telemetry::Attempt& stale = record.lastAttempt();
    stale.reused = true;
    stale.detail = telemetry::Detail::kConnectionTerminated;
    record.repeatAttempt(telemetry::WhyNext::kRetryConnect, *marks.again);
    record.bytes_up_out += sizeOf(request.slices);
  }
  telemetry::Attempt& attempt = record.lastAttempt();
  auto note = [&record](telemetry::Mark& mark, const std::optional<MonoTime>& when) {
    if (when) {
      mark = record.mark(*when);
    }
  };
  attempt.reused = marks.reused;
  note(attempt.dns, marks.connect.dns);
  note(attempt.connect, marks.connect.tcp);
  note(attempt.tls, marks.connect.tls);
  if (request.sent) {
    // What leaves at once leaves within the turn in which the attempt begins.
    attempt.sent = later(attempt.start, record.mark(*request.sent));
  }
  if (request.sent || request.goes_on) {
    record.bytes_up_out += sizeOf(request.slices);
  }
  note(attempt.first_byte, marks.head);
}

void noteHead(Exchange& x, const UpstreamCall& call, http::ResponseHead& head) {
  telemetry::Attempt& attempt = x.record.lastAttempt();
  attempt.status = head.status;
  attempt.detail = telemetry::detailOfStatus(head.status);
  telemetry::noteUpstreamHead(x.record, head.fields);
  const bool refused = head.status == 401 || head.status == 403;
  const bool our_key_refused = refused && !call.auth->credentials.empty();
  if (refused && !our_key_refused) {
    attempt.detail = telemetry::Detail::kNone;  // it is between the client and the server
  }
  if (our_key_refused && !head.fields.has("x-should-retry")) {
    head.fields.add("x-should-retry", "false");  // agents retry a 401 for minutes otherwise
  }
}

// What is told anew, and what is not for the callee.
void stripRequest(http::Fields& fields, Callee callee) {
  constexpr http::FieldSet kOurs = {
      "content-length", "expect", "traceparent", "tracestate", "baggage"
  };
  if (callee == Callee::kProvider) {
    llm::stripRequestFields(fields, llm::ForwardedTrust::kUntrusted, kOurs);
    return;
  }
  // Anybody may write them; a service that believes them believes the client.
  static constexpr std::array<std::string_view, 1> kForwarded = {"x-forwarded-"};
  constexpr http::FieldFilter kUntrusted({"forwarded"}, kForwarded);
  http::FieldFilter unwanted = kUntrusted;
  unwanted.add(kOurs);
  http::removeHopByHop(fields, unwanted);
}

void stripResponse(http::Fields& fields, Callee callee) {
  if (callee == Callee::kProvider) {
    llm::stripResponseFields(fields);
  } else {
    http::removeHopByHop(fields);
  }
}

class ClientBody final : public http::BodySource {
 public:
  explicit ClientBody(http::BodySource& source) : source_(source) {}
  io::Task<Result<http::Piece>> pull() override { return source_.pull(); }
  bool ready() const override { return source_.ready(); }
  std::optional<std::uint64_t> length() const override { return source_.length(); }
  const http::Fields* trailers() const override { return source_.trailers(); }

 private:
  http::BodySource& source_;
};

}  // namespace

Nanos shorterTimeout(Nanos a, Nanos b) {
  if (a == Nanos(0) || b == Nanos(0)) {
    return std::max(a, b);
  }
  return std::min(a, b);
}

http::Body clientBody(Exchange& x) {
  http::BodySource* source = x.wire->body();
  x.body_passes_on = true;
  if (source->length() == 0) {
    return {};
  }
  return http::Body(std::make_unique<ClientBody>(*source));
}

Result<http::RequestHead> upstreamHead(Exchange& x, const UpstreamCall& call, std::string target) {
  guessDialect(x);
  http::RequestHead head;
  head.method = x.head().method;
  head.method_text = x.head().method_text;
  head.fields = std::move(x.head().fields);
  head.target = std::move(target);
  http::ClientCredential credential;
  if (call.auth->credentials.empty()) {
    credential = http::ClientCredential::lift(head);
  } else if (head.method == http::Method::kTrace) {
    // RFC 9110 section 9.3.8: the reply would show it to the client.
    return fail(
        ErrorKind::kNotSupported,
        Origin::kDownstream,
        "TRACE is not served where a credential is added"
    );
  } else {
    http::ClientCredential::discard(head);
  }
  stripRequest(head.fields, call.callee);
  head.authority = call.endpoint->authority.empty() ? x.head().authority : call.endpoint->authority;
  if (x.filters != nullptr) [[unlikely]] {
    filterRequest(*x.filters, head, credential, *call.auth);
  }
  addTraceFields(head.fields, x, *call.endpoint);
  GATEHOUSE_CHECK_OK(upstream::applyCredential(head, std::move(credential), *call.auth));
  return head;
}

io::Task<Result<http::ClientResponse>> callUpstream(
    Worker& worker, Exchange& x, UpstreamCall call, http::ClientRequest& request
) {
  if (x.rule->retry != nullptr) [[unlikely]] {
    return callWithRetries(worker, x, std::move(call), request);
  }
  return callOnce(worker, x, std::move(call), request);
}

io::Task<Result<http::ClientResponse>> callOnce(
    Worker& worker, Exchange& x, UpstreamCall call, http::ClientRequest& request
) {
  telemetry::Attempt& attempt = x.record.beginAttempt(call.begin);
  attempt.backend = x.record.backend;
  attempt.provider = call.provider;
  attempt.secure = call.endpoint->tls != nullptr;
  attempt.endpoint = x.record.keep(call.endpoint->name);
  attempt.model_sent = x.record.keep(call.model_sent);
  upstream::AttemptMarks marks;
  auto sending = upstream::attempt(worker.pool(), worker.reactor(), call.endpoint, request, marks);
  Result<http::ClientResponse> response =
      call.timeout == Nanos(0) ? co_await std::move(sending)
                               : co_await io::withDeadline(
                                     worker.reactor(),
                                     io::Deadline::after(worker.reactor(), call.timeout),
                                     std::move(sending),
                                     Origin::kUpstream,
                                     "no answer from " + call.endpoint->name + " in time"
                                 );
  noteMarks(x, marks, request);
  if (!response) {
    const Error error = whyStopped(x, std::move(response).error());
    x.record.lastAttempt().detail =
        telemetry::endingOf(error.kind(), error.origin(), telemetry::Reply::kNotBegun).detail;
    co_return fail(error);
  }
  noteHead(x, call, response->head);
  stripResponse(response->head.fields, call.callee);
  co_return std::move(response);
}

}  // namespace gatehouse::proxy
