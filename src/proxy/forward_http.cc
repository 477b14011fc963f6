#include "proxy/forward_http.h"

#include <utility>

#include "http/trailers/trailers.h"
#include "http/upgrade/web_socket.h"
#include "proxy/call_upstream.h"
#include "proxy/mirror.h"

namespace gatehouse::proxy {
namespace {

constexpr http::FieldSet kWishes = {"upgrade", "expect", "te", "trailer"};

/// Passes on what a service says before its reply.
class EarlyHints final : public http::InterimListener {
 public:
  explicit EarlyHints(http::ServerExchange& wire) : wire_(wire) {}
  void onInterim(http::ResponseHead head) override {
    http::removeHopByHop(head.fields);
    wire_.writeInterim(head);
  }

 private:
  http::ServerExchange& wire_;
};

/// What of the client's wishes goes beyond the message: another protocol, an invitation, trailers.
/// Gives the names of trailers that may follow its body.
[[gnu::noinline]] std::string passWishes(Exchange& x, http::ClientRequest& request) {
  const http::RequestHead& head = x.head();
  request.web_socket = request.stream.empty() && http::asksForWebSocket(head);
  request.expect_continue = head.fields.has("expect") && head.version != http::Version::kHttp10;
  request.te_trailers = http::takesTrailers(head.fields);
  const bool chunked = !request.stream.empty() && !request.stream.length();
  return chunked ? http::trailersIn(head.fields) : std::string();
}

UpstreamCall callTo(const Exchange& x, const snapshot::HttpBackend& backend, std::size_t choice) {
  return UpstreamCall{
      .callee = Callee::kService,
      .endpoint = backend.endpoints[choice],
      .auth = &backend.auth,
      .provider = {},
      .model_sent = {},
      .others = &backend.endpoints,
      .timeout = shorterTimeout(backend.response_timeout, x.rule->backend_request_timeout),
  };
}

/// Whether the request has not left, as there was nobody to take it.
bool neverLeft(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::kDns:
    case ErrorKind::kConnectRefused:
    case ErrorKind::kConnectTimeout:
      return true;
    default:
      return false;
  }
}

/// The same request to another of the backend's endpoints, of which there are several.
io::Task<Result<http::ClientResponse>> callAnother(
    Worker& worker,
    Exchange& x,
    const snapshot::HttpBackend& backend,
    std::size_t failed,
    http::ClientRequest& request
) {
  const std::size_t others = backend.endpoints.size() - 1;
  const std::size_t choice = worker.telemetry().random().next() % others;
  UpstreamCall call = callTo(x, backend, choice + (choice >= failed ? 1 : 0));
  if (!call.endpoint->inside) {
    constexpr http::FieldSet kTrace = {"traceparent", "tracestate"};
    request.head.fields.removeAll(kTrace);
  }
  x.record.lastAttempt().why_next = telemetry::WhyNext::kRetryConnect;
  call.begin = worker.now();
  co_return co_await callUpstream(worker, x, std::move(call), request);
}

}  // namespace

io::Task<Result<Answer>> forwardHttp(
    Worker& worker, Exchange& x, const snapshot::HttpBackend& backend
) {
  if (backend.endpoints.empty()) {
    co_return fail(
        ErrorKind::kConnectRefused, Origin::kUpstream, "The backend has no endpoint that is ready"
    );
  }
  const std::size_t choice = backend.endpoints.size() == 1
                                 ? 0
                                 : worker.telemetry().random().next() % backend.endpoints.size();
  UpstreamCall call = callTo(x, backend, choice);
  http::ClientRequest request;
  request.stream = clientBody(x);
  EarlyHints hints(*x.wire);
  request.interim = &hints;
  std::string trailers;
  if (x.head().fields.hasAny(kWishes)) [[unlikely]] {
    trailers = passWishes(x, request);
  }
  if (x.filters != nullptr && !x.filters->mirrors.empty()) [[unlikely]] {
    request.stream = mirrorAlong(worker, x, call, std::move(request.stream));
  }
  GATEHOUSE_CO_TRY(request.head, upstreamHead(x, call, x.head().target));
  if (!trailers.empty()) [[unlikely]] {
    request.head.fields.add("Trailer", trailers);
  }
  call.begin = worker.now();
  x.record.t_ready = x.record.mark(call.begin);
  Result<http::ClientResponse> response =
      co_await callUpstream(worker, x, std::move(call), request);
  const bool tried_once = x.rule->retry == nullptr;
  if (!response && tried_once && backend.endpoints.size() > 1 && neverLeft(response.error()))
      [[unlikely]] {
    response = co_await callAnother(worker, x, backend, choice, request);
  }
  if (!response) {
    co_return fail(std::move(response).error());
  }
  Answer answer;
  answer.head = std::move(response->head);
  answer.body = std::move(response->body);
  answer.from_upstream = true;
  co_return answer;
}

}  // namespace gatehouse::proxy
