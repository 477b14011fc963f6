#include "llm/error_body.h"

#include <array>

#include "wire/json_write.h"

namespace gatehouse::llm {
namespace {

/// One line of the table of llm.md 9.
struct Row {
  ErrorCode code;
  http::Status status;
  std::string_view name;
  std::string_view openai_type;
  std::string_view messages_type;
  std::string_view gemini_status;
};

// clang-format off
constexpr std::array kRows = {
    Row{ErrorCode::kRouteNotFound, 404, "route_not_found", "invalid_request_error", "not_found_error", "NOT_FOUND"},
    Row{ErrorCode::kUnknownPath, 404, "unknown_path", "invalid_request_error", "not_found_error", "NOT_FOUND"},
    Row{ErrorCode::kModelNotFound, 404, "model_not_found", "invalid_request_error", "not_found_error", "NOT_FOUND"},
    Row{ErrorCode::kMisdirectedRequest, 421, "misdirected_request", "invalid_request_error", "invalid_request_error", "FAILED_PRECONDITION"},
    Row{ErrorCode::kBadRequest, 400, "bad_request", "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    Row{ErrorCode::kMethodNotAllowed, 405, "method_not_allowed", "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    Row{ErrorCode::kUpgradeRequired, 426, "upgrade_required", "invalid_request_error", "invalid_request_error", "FAILED_PRECONDITION"},
    Row{ErrorCode::kHeadTooLarge, 431, "head_too_large", "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    Row{ErrorCode::kInvalidJson, 400, "invalid_json", "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    Row{ErrorCode::kModelMissing, 400, "model_missing", "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    Row{ErrorCode::kUnsupportedConversion, 400, "unsupported_conversion", "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    Row{ErrorCode::kRequestTooLarge, 413, "request_too_large", "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"},
    Row{ErrorCode::kUnsupportedEncoding, 415, "unsupported_encoding", "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"},
    Row{ErrorCode::kInvalidApiKey, 401, "invalid_api_key", "authentication_error", "authentication_error", "UNAUTHENTICATED"},
    Row{ErrorCode::kKeyRevoked, 401, "key_revoked", "authentication_error", "authentication_error", "UNAUTHENTICATED"},
    Row{ErrorCode::kForbidden, 403, "forbidden", "permission_error", "permission_error", "PERMISSION_DENIED"},
    Row{ErrorCode::kModelNotAllowed, 403, "model_not_allowed", "permission_error", "invalid_request_error", "PERMISSION_DENIED"},
    Row{ErrorCode::kContentRejected, 403, "content_rejected", "invalid_request_error", "invalid_request_error", "PERMISSION_DENIED"},
    Row{ErrorCode::kRateLimitExceeded, 429, "rate_limit_exceeded", "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"},
    Row{ErrorCode::kBudgetExceeded, 429, "budget_exceeded", "insufficient_quota", "billing_error", "RESOURCE_EXHAUSTED"},
    Row{ErrorCode::kNotSupported, 501, "not_supported", "invalid_request_error", "not_supported", "UNIMPLEMENTED"},
    Row{ErrorCode::kNoBackend, 500, "no_backend", "api_error", "api_error", "INTERNAL"},
    Row{ErrorCode::kCredentialMissing, 503, "credential_missing", "api_error", "api_error", "UNAVAILABLE"},
    Row{ErrorCode::kUpstreamUnavailable, 503, "upstream_unavailable", "api_error", "api_error", "UNAVAILABLE"},
    Row{ErrorCode::kUpstreamTls, 502, "upstream_tls", "api_error", "api_error", "UNAVAILABLE"},
    Row{ErrorCode::kUpstreamInvalid, 502, "upstream_invalid", "api_error", "api_error", "INTERNAL"},
    Row{ErrorCode::kUpstreamTruncated, 502, "upstream_truncated", "api_error", "api_error", "INTERNAL"},
    Row{ErrorCode::kUpstreamTimeout, 504, "upstream_timeout", "timeout_error", "timeout_error", "DEADLINE_EXCEEDED"},
    Row{ErrorCode::kOverloaded, 503, "overloaded", "server_error", "overloaded_error", "UNAVAILABLE"},
    Row{ErrorCode::kPolicyUnavailable, 503, "policy_unavailable", "api_error", "api_error", "UNAVAILABLE"},
    Row{ErrorCode::kInternal, 500, "internal_error", "api_error", "api_error", "INTERNAL"},
};
// clang-format on

constexpr bool inOrder() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].code) != i) {
      return false;
    }
  }
  return true;
}
static_assert(inOrder(), "row n of the table is code n");

const Row& rowOf(ErrorCode code) {
  return kRows.at(static_cast<std::size_t>(code));
}

bool isMessages(Dialect dialect) {
  return dialect == Dialect::kMessages || dialect == Dialect::kMessagesCount;
}

bool isGemini(Dialect dialect) {
  return dialect == Dialect::kGemini || dialect == Dialect::kGeminiCount ||
         dialect == Dialect::kGeminiEmbed;
}

void writeOpenAi(wire::JsonWriter& json, const Row& row, const ErrorBody& error) {
  json.beginObject().key("error").beginObject();
  json.key("message").string(error.message);
  json.key("type").string(row.openai_type);
  json.key("param");
  if (error.param.empty()) {
    json.null();
  } else {
    json.string(error.param);
  }
  json.key("code").string(error.name.empty() ? row.name : error.name);
  json.endObject().endObject();
}

void writeMessages(wire::JsonWriter& json, const Row& row, const ErrorBody& error) {
  json.beginObject().key("type").string("error");
  json.key("error").beginObject();
  json.key("type").string(row.messages_type);
  json.key("message").string(error.message);
  json.endObject();
  json.key("request_id").string(error.request_id);
  json.endObject();
}

void writeGemini(wire::JsonWriter& json, const Row& row, const ErrorBody& error) {
  json.beginObject().key("error").beginObject();
  json.key("code").number(error.status == 0 ? row.status : error.status);
  json.key("message").string(error.message);
  json.key("status").string(row.gemini_status);
  json.endObject().endObject();
}

/// Responses has a terminal event for failures; its error object is of another shape.
void writeResponsesFailed(wire::JsonWriter& json, const ErrorBody& error) {
  json.beginObject().key("type").string("response.failed");
  json.key("response").beginObject();
  json.key("object").string("response");
  json.key("status").string("failed");
  json.key("error").beginObject();
  json.key("code").string("server_error");
  json.key("message").string(error.message);
  json.endObject().endObject().endObject();
}

}  // namespace

ErrorCode codeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kBadRequest:
      return ErrorCode::kBadRequest;
    case ErrorKind::kInvalidJson:
      return ErrorCode::kInvalidJson;
    case ErrorKind::kModelMissing:
      return ErrorCode::kModelMissing;
    case ErrorKind::kBodyTooLarge:
      return ErrorCode::kRequestTooLarge;
    case ErrorKind::kHeadTooLarge:
      return ErrorCode::kHeadTooLarge;
    case ErrorKind::kUnsupportedEncoding:
      return ErrorCode::kUnsupportedEncoding;
    case ErrorKind::kRouteNotFound:
      return ErrorCode::kRouteNotFound;
    case ErrorKind::kUnknownPath:
      return ErrorCode::kUnknownPath;
    case ErrorKind::kMethodNotAllowed:
      return ErrorCode::kMethodNotAllowed;
    case ErrorKind::kNotSupported:
      return ErrorCode::kNotSupported;
    case ErrorKind::kUpgradeRequired:
      return ErrorCode::kUpgradeRequired;
    case ErrorKind::kNoBackend:
      return ErrorCode::kNoBackend;
    case ErrorKind::kCredentialMissing:
      return ErrorCode::kCredentialMissing;
    case ErrorKind::kDns:
    case ErrorKind::kConnectRefused:
    case ErrorKind::kConnectTimeout:
    case ErrorKind::kTlsProtocol:
      return ErrorCode::kUpstreamUnavailable;
    case ErrorKind::kTlsCertificate:
      return ErrorCode::kUpstreamTls;
    case ErrorKind::kUpstreamInvalid:
    case ErrorKind::kUpstreamClosed:
      return ErrorCode::kUpstreamInvalid;
    case ErrorKind::kTimeout:
      return ErrorCode::kUpstreamTimeout;
    case ErrorKind::kOverloaded:
      return ErrorCode::kOverloaded;
    case ErrorKind::kCancelled:
    case ErrorKind::kPeerClosed:
    case ErrorKind::kInvalidConfiguration:
    case ErrorKind::kSystem:
    case ErrorKind::kInternal:
      return ErrorCode::kInternal;
  }
  return ErrorCode::kInternal;
}

ErrorCode codeOfStatus(http::Status status) {
  switch (status) {
    case 401:
      return ErrorCode::kInvalidApiKey;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kUnknownPath;
    case 405:
      return ErrorCode::kMethodNotAllowed;
    case 408:
    case 504:
      return ErrorCode::kUpstreamTimeout;
    case 413:
      return ErrorCode::kRequestTooLarge;
    case 429:
      return ErrorCode::kRateLimitExceeded;
    case 501:
      return ErrorCode::kNotSupported;
    case 503:
      return ErrorCode::kUpstreamUnavailable;
    case 529:
      return ErrorCode::kOverloaded;
    default:
      return status < 500 ? ErrorCode::kBadRequest : ErrorCode::kUpstreamInvalid;
  }
}

std::string_view toString(ErrorCode code) {
  return rowOf(code).name;
}

http::Status statusOf(ErrorCode code, Dialect dialect) {
  if (isMessages(dialect)) {
    if (code == ErrorCode::kModelNotAllowed) {
      return 400;
    }
    if (code == ErrorCode::kOverloaded) {
      return 529;
    }
  }
  return rowOf(code).status;
}

std::string writeErrorBody(Dialect dialect, const ErrorBody& error) {
  std::string text;
  wire::JsonWriter json(text);
  const Row& row = rowOf(error.code);
  if (isMessages(dialect)) {
    writeMessages(json, row, error);
  } else if (isGemini(dialect)) {
    writeGemini(json, row, error);
  } else {
    writeOpenAi(json, row, error);
  }
  return text;
}

std::string writeErrorEvent(Dialect dialect, const ErrorBody& error) {
  std::string text;
  wire::JsonWriter json(text);
  switch (dialect) {
    case Dialect::kMessages:
      text = "event: error\ndata: ";
      writeMessages(json, rowOf(error.code), error);
      break;
    case Dialect::kResponses:
      text = "event: response.failed\ndata: ";
      writeResponsesFailed(json, error);
      break;
    case Dialect::kGemini:
      text = "data: ";
      writeGemini(json, rowOf(error.code), error);
      break;
    case Dialect::kChat:
    case Dialect::kCompletions:
      text = "data: ";
      writeOpenAi(json, rowOf(error.code), error);
      break;
    default:
      return text;
  }
  text += "\n\n";
  return text;
}

}  // namespace gatehouse::llm
