#include "proxy/reply.h"

#include "http/coding.h"
#include "http/problem.h"
#include "llm/error_body.h"

namespace gatehouse::proxy {
namespace {

/// What the reader can do about it; empty where the sentence of the error says all.
std::string_view advice(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidJson:
      return "Send one JSON object.";
    case ErrorKind::kModelMissing:
      return "Name a model in the request, or configure one on the backend.";
    case ErrorKind::kBodyTooLarge:
      return "Send less.";
    case ErrorKind::kRouteNotFound:
      return "Check the host and path against the routes of this gateway.";
    case ErrorKind::kCredentialMissing:
      return "The operator must repair the backend's credential; the change is taken over at once.";
    case ErrorKind::kDns:
      return "Check the backend's host name.";
    case ErrorKind::kConnectRefused:
    case ErrorKind::kConnectTimeout:
      return "Check that the model server is up and reachable from the gateway.";
    case ErrorKind::kTlsCertificate:
      return "Check the backend's TLS settings: name and trusted roots.";
    case ErrorKind::kTlsProtocol:
      return "Check that the backend's port speaks TLS.";
    case ErrorKind::kUpstreamInvalid:
    case ErrorKind::kUpstreamClosed:
      return "The server behind the gateway failed. Try again; if it stays, the operator finds "
             "more under this request id.";
    case ErrorKind::kTimeout:
      return "Try again, or raise the timeout of the route.";
    case ErrorKind::kOverloaded:
      return "Try again in a moment.";
    default:
      return "";
  }
}

/// A fault of ours is told to the operator, not to the client.
bool isOurs(ErrorKind kind) {
  return kind == ErrorKind::kInternal || kind == ErrorKind::kSystem;
}

}  // namespace

std::string errorMessage(const Error& error) {
  if (isOurs(error.kind())) {
    return "The gateway failed. Try again; the operator finds the cause under this request id.";
  }
  std::string text = error.chain();
  if (!text.empty() && text.back() != '.') {
    text += '.';
  }
  if (std::string_view what_to_do = advice(error.kind()); !what_to_do.empty()) {
    text += ' ';
    text += what_to_do;
  }
  return text;
}

LocalReply localReply(http::Status status, std::string_view content_type, std::string body) {
  LocalReply reply;
  reply.head.status = status;
  if (!content_type.empty()) {
    reply.head.fields.add("Content-Type", content_type);
  }
  if (status != 204 && status != 304) {
    reply.head.fields.add("Content-Length", std::to_string(body.size()));
  }
  reply.body = std::move(body);
  return reply;
}

LocalReply errorReply(const Error& error, const ReplyTo& to) {
  llm::ErrorCode code =
      to.misdirected ? llm::ErrorCode::kMisdirectedRequest : llm::codeOf(error.kind());
  std::string message = to.misdirected
                            ? error.chain() + ". Connect anew under the name of the host."
                            : errorMessage(error);
  http::Status status = llm::statusOf(code, to.dialect);
  LocalReply reply =
      to.voice == Voice::kDialect
          ? localReply(
                status,
                "application/json",
                llm::writeErrorBody(
                    to.dialect,
                    {.code = code, .message = message, .request_id = to.request_id, .param = {}}
                )
            )
          : localReply(
                status,
                "application/problem+json",
                http::writeProblem(
                    {.status = status,
                     .detail = message,
                     .code = llm::toString(code),
                     .request_id = to.request_id}
                )
            );
  if (error.kind() == ErrorKind::kMethodNotAllowed && !to.allow.empty()) {
    reply.head.fields.add("Allow", to.allow);
  }
  if (error.kind() == ErrorKind::kUnsupportedEncoding) {
    reply.head.fields.add("Accept-Encoding", http::kDecodedCodings);
  }
  if (error.kind() == ErrorKind::kUpgradeRequired) {
    reply.head.fields.add("Upgrade", "HTTP/1.1");
  }
  if (error.kind() == ErrorKind::kOverloaded) {
    reply.head.fields.add("Retry-After", "1");
  }
  if (to.dialect == llm::Dialect::kMessages || to.dialect == llm::Dialect::kMessagesCount) {
    reply.head.fields.add("request-id", to.request_id);
  }
  return reply;
}

}  // namespace gatehouse::proxy
