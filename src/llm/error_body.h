// Error bodies in the caller's dialect (D8, llm.md 9) and the events a stream ends with when it
// must end in an error (llm.md 10). One table holds code, status and the type names of every
// dialect. Pure text; which error is answered is decided by the proxy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/head.h"
#include "llm/dialect.h"

namespace gatehouse::llm {

/// The stable codes clients see.
enum class ErrorCode : std::uint8_t {
  kRouteNotFound,
  kUnknownPath,
  kModelNotFound,
  kMisdirectedRequest,
  kBadRequest,
  kMethodNotAllowed,
  kUpgradeRequired,
  kHeadTooLarge,
  kInvalidJson,
  kModelMissing,
  kUnsupportedConversion,
  kRequestTooLarge,
  kUnsupportedEncoding,
  kInvalidApiKey,
  kKeyRevoked,
  kForbidden,
  kModelNotAllowed,
  kContentRejected,
  kRateLimitExceeded,
  kBudgetExceeded,
  kNotSupported,
  kNoBackend,
  kCredentialMissing,
  kUpstreamUnavailable,
  kUpstreamTls,
  kUpstreamInvalid,
  kUpstreamTruncated,
  kUpstreamTimeout,
  kOverloaded,
  kPolicyUnavailable,
  kInternal,
};

/// The code a failure is answered with. kCancelled and kPeerClosed have no reply; they give
/// kInternal.
ErrorCode codeOf(ErrorKind kind);
/// The code that says most of what an upstream's status, 400 or above, says.
ErrorCode codeOfStatus(http::Status status);
/// "route_not_found".
std::string_view toString(ErrorCode code);
/// The status the code is answered with in a dialect; they differ for model_not_allowed and
/// overloaded.
http::Status statusOf(ErrorCode code, Dialect dialect);

struct ErrorBody {
  ErrorCode code = ErrorCode::kInternal;
  std::string_view message;     // what happened and what to do; no address or credential of ours
  std::string_view request_id;  // public form
  std::string_view param;       // the offending field; empty: null
  http::Status status = 0;      // of the reply; 0: that of the code
  std::string_view name{};      // in place of the code's, where the dialect has one
};

/// The body, content type application/json. Dialects without an error form of their own speak
/// OpenAI's.
std::string writeErrorBody(Dialect dialect, const ErrorBody& error);

/// The event that tells a client its stream broke off, with the blank line that ends it. The
/// connection is aborted after it. Empty for dialects that do not stream.
std::string writeErrorEvent(Dialect dialect, const ErrorBody& error);

}  // namespace gatehouse::llm
