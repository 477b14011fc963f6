#include "http/h2/refused_stream.h"

#include <utility>

namespace gatehouse::http {

void RefusedStream::answer(const RefusedHead& request, RefusedRequests* refused) {
  const RequestHead& head = request.head;
  const Violation violation = request.violation;
  const Error error = toError(violation, Origin::kDownstream, Version::kHttp2);
  RefusedAnswer words;
  if (refused != nullptr) {
    words = refused->begin(
        {.status = statusOf(violation),
         .method = head.method,
         .version = head.version,
         .host = head.authority,
         .path = head.path(),
         .sent_path = head.path(),
         .accept_wait = request.accept_wait,
         .peer = request.peer,
         .error = error,
         .code = toString(violation),
         .detail = describe(violation)}
    );
  }
  auto [reply, body] =
      refusedReply(statusOf(violation), toString(violation), describe(violation), std::move(words));
  body_ = std::move(body);
  bool has_body = head.method != Method::kHead;
  outgoing_ = {.bytes = body_, .last = true};
  if (!request.ended) {
    outgoing_.reset = H2Error::kProtocolError;
  }
  wire_.session.respond(
      id_,
      {.head = reply,
       .date = wire_.shared.date.at(wire_.reactor.clock().wall()),
       .length = body_.size(),
       .body = has_body ? &outgoing_ : nullptr}
  );
  if (refused != nullptr) {
    refused->answered(has_body ? body_.size() : 0);
  }
}

}  // namespace gatehouse::http
