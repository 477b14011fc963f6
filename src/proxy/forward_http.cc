#include "proxy/forward_http.h"

#include <utility>

#include "proxy/call_upstream.h"
#include "proxy/mirror.h"

namespace gatehouse::proxy {

io::Task<Result<Answer>> forwardHttp(
    Worker& worker, Exchange& x, const snapshot::HttpBackend& backend
) {
  if (backend.endpoints.empty()) {
    co_return fail(
        ErrorKind::kConnectRefused, Origin::kUpstream, "The backend has no endpoint that is ready"
    );
  }
  if (x.head().fields.has("upgrade")) {
    co_return fail(
        ErrorKind::kUpgradeRequired, Origin::kDownstream, "This route does not switch protocols"
    );
  }
  std::size_t choice = backend.endpoints.size() == 1
                           ? 0
                           : worker.telemetry().random().next() % backend.endpoints.size();
  UpstreamCall call{
      .callee = Callee::kService,
      .endpoint = backend.endpoints[choice],
      .auth = &backend.auth,
      .provider = {},
      .model_sent = {},
      .timeout = shorterTimeout(backend.response_timeout, x.rule->backend_request_timeout),
  };
  http::ClientRequest request;
  request.stream = clientBody(x);
  if (x.filters != nullptr && !x.filters->mirrors.empty()) [[unlikely]] {
    request.stream = mirrorAlong(worker, x, call, std::move(request.stream));
  }
  GATEHOUSE_CO_TRY(request.head, upstreamHead(x, call, x.head().target));
  call.begin = worker.now();
  x.record.t_ready = x.record.mark(call.begin);
  GATEHOUSE_CO_TRY(
      http::ClientResponse response, co_await callUpstream(worker, x, std::move(call), request)
  );
  Answer answer;
  answer.head = std::move(response.head);
  answer.body = std::move(response.body);
  answer.from_upstream = true;
  co_return answer;
}

}  // namespace gatehouse::proxy
