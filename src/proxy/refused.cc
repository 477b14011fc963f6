#include "proxy/refused.h"

#include <optional>
#include <string_view>
#include <utility>

#include "llm/dialect_match.h"
#include "llm/error_body.h"
#include "proxy/begin.h"
#include "proxy/handle.h"
#include "telemetry/report.h"
#include "telemetry/trace_context.h"

namespace gatehouse::proxy {
namespace {

/// However its fault is told apart for the client, to the record it is a bad request.
telemetry::Ending endingOf(const Error& error) {
  if (error.kind() == ErrorKind::kTimeout) {
    return telemetry::endingOf(error.kind(), error.origin(), telemetry::Reply::kNotBegun);
  }
  return {telemetry::Outcome::kRefused, telemetry::Detail::kBadRequest};
}

/// Of the method it is not even known that it is GET.
void noteMethod(telemetry::RequestRecord& record, std::optional<http::Method> method) {
  record.method = method.value_or(http::Method::kOther);
  if (method == http::Method::kOther) {
    record.set(telemetry::Text::kMethod, "_OTHER");
  }
}

/// Which of several listeners a host would have chosen nobody knows.
telemetry::Name listenerOf(const snapshot::Port* port) {
  bool sole = port != nullptr && port->listeners.size() == 1;
  return sole ? port->listeners.front().name : telemetry::Name();
}

/// In the dialect its path speaks; nothing of its own where none does.
http::RefusedAnswer answerTo(const http::RefusedRequest& request, std::string id) {
  http::RefusedAnswer answer{.id = std::move(id)};
  http::Method method = request.method.value_or(http::Method::kOther);
  std::string_view path = request.path.empty() ? request.sent_path : request.path;
  llm::Dialect by_path = llm::matchDialect(method, path, {}).dialect;
  if (by_path == llm::Dialect::kUnknown) {
    return answer;
  }
  llm::Dialect dialect = llm::errorDialect(by_path, {});
  std::string message(request.detail);
  message += '.';
  answer.body = llm::writeErrorBody(
      dialect,
      {.code = llm::codeOf(request.error.kind()),
       .message = message,
       .request_id = answer.id,
       .param = {},
       .status = request.status,
       .name = request.code}
  );
  answer.fields.add("Content-Type", "application/json");
  if (dialect == llm::Dialect::kMessages) {
    answer.fields.add("request-id", answer.id);
  }
  return answer;
}

}  // namespace

http::RefusedAnswer RefusedHere::begin(const http::RefusedRequest& request) {
  const std::string client_address = request.peer.remote.formatIp();
  Arrival arrival{
      .snapshot = doorway_.snapshot,
      .port = doorway_.port,
      .peer = &request.peer,
      .client_address = client_address,
      .accept_wait = request.accept_wait,
  };
  WallMicros wall = worker_.reactor().clock().wall();
  record_ = std::make_unique<telemetry::RequestRecord>(
      worker_.telemetry().ids().next(wall), worker_.reactor().now(), wall
  );
  notePlace(*record_, arrival);
  noteMethod(*record_, request.method);
  record_->version = request.version;
  record_->set(telemetry::Text::kHost, request.host);
  record_->set(telemetry::Text::kPath, request.path);
  record_->listener = listenerOf(doorway_.port);
  record_->trace = telemetry::beginTrace(telemetry::Sampled::kNo, worker_.telemetry().random());
  record_->status = request.status;
  record_->set(telemetry::Text::kError, request.error.chain());
  ending_ = endingOf(request.error);
  worker_.telemetry().requestBegan(*record_);
  if (request.version == http::Version::kHttp2) {
    // Its connection goes on, and does not tell of it at its end.
    worker_.telemetry().protocolError(doorway_.listener(), request.code);
  }
  return answerTo(request, telemetry::toText(record_->id()));
}

void RefusedHere::answered(std::uint64_t bytes_out) {
  record_->bytes_out = bytes_out;
  record_->t_client_last = record_->mark(worker_.now());
  record_->t_client_first = record_->t_client_last;
  report();
}

void RefusedHere::unanswered() {
  if (record_ != nullptr) {
    record_->status = 0;
    report();
  }
}

void RefusedHere::report() {
  record_->end(ending_, worker_.now());
  telemetry::report(*record_, worker_.telemetry());
  record_ = nullptr;
}

io::Task<Result<void>> answerPlainHttp(
    Worker& worker, io::Stream& stream, http::RefusedRequests& refused, const Error& error
) {
  constexpr http::Status kStatus = 400;
  constexpr std::string_view kCode = "plain_http";
  constexpr std::string_view kDetail =
      "this port takes HTTPS, and the request came in plain HTTP: use https:// in its place";
  http::RefusedReply reply = http::refusedReply(
      kStatus,
      kCode,
      kDetail,
      refused.begin(
          {.status = kStatus,
           .method = std::nullopt,
           .version = std::nullopt,
           .host = {},
           .path = {},
           .sent_path = {},
           .accept_wait = std::nullopt,
           .peer = stream.peer(),
           .error = error,
           .code = kCode,
           .detail = kDetail}
      )
  );
  return http::sendRefused(
      stream,
      std::move(reply),
      worker.serverShared(),
      worker.settings().server.write_timeout,
      &refused
  );
}

}  // namespace gatehouse::proxy
