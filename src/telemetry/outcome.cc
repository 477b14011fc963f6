#include "telemetry/outcome.h"

#include <array>
#include <charconv>
#include <utility>

namespace gatehouse::telemetry {
namespace {

constexpr std::array<std::string_view, kOutcomeCount> kOutcomeNames = {
    "Completed",
    "LocalReply",
    "Refused",
    "UpstreamFailed",
    "UpstreamTruncated",
    "TimedOut",
    "ClientGone",
    "GatewayFailed",
};

constexpr std::array<std::string_view, kDetailCount> kDetailNames = {
    "",
    "dns_error",
    "dns_timeout",
    "destination_not_found",
    "destination_unavailable",
    "connection_refused",
    "connection_timeout",
    "connection_terminated",
    "connection_limit_reached",
    "tls_protocol_error",
    "tls_certificate_error",
    "http_request_error",
    "http_response_incomplete",
    "http_response_timeout",
    "http_protocol_error",
    "http_response_header_section_size",
    "http_response_decode_error",
    "proxy_internal_error",
    "proxy_configuration_error",
    "route_not_found",
    "no_backend",
    "no_healthy_backend",
    "authentication",
    "authorization",
    "rate_limited",
    "budget_exceeded",
    "guard_request",
    "guard_response",
    "body_too_large",
    "body_memory",
    "bad_request",
    "unsupported_dialect",
    "model_not_found",
    "model_not_allowed",
    "translation",
    "overload",
    "client_cancelled",
    "stream_truncated",
    "stream_idle",
    "shutdown",
    "provider_auth",
    "provider_quota",
    "provider_overloaded",
    "operator_cancelled",
};

// A failure of the upstream before its reply began, or, once it has, the same failure as a break in
// the reply.
Ending upstreamEnding(Detail detail, Reply reply) {
  if (reply == Reply::kBegun) {
    bool broke = detail == Detail::kConnectionTerminated;
    return {Outcome::kUpstreamTruncated, broke ? Detail::kStreamTruncated : detail};
  }
  return {Outcome::kUpstreamFailed, detail};
}

// The errors that mean different things on the two sides of the gateway; a message we cannot take
// is the sender's fault.
Ending messageEnding(ErrorKind kind, Origin origin, Reply reply) {
  if (origin == Origin::kUpstream) {
    switch (kind) {
      case ErrorKind::kHeadTooLarge:
        return upstreamEnding(Detail::kHttpResponseHeaderSectionSize, reply);
      case ErrorKind::kUnsupportedEncoding:
      case ErrorKind::kInvalidJson:
        return upstreamEnding(Detail::kHttpResponseDecodeError, reply);
      default:
        return upstreamEnding(Detail::kHttpProtocolError, reply);
    }
  }
  bool too_large = kind == ErrorKind::kBodyTooLarge;
  return {Outcome::kRefused, too_large ? Detail::kBodyTooLarge : Detail::kBadRequest};
}

Ending timeoutEnding(Origin origin, Reply reply) {
  if (origin == Origin::kDownstream) {
    return {Outcome::kTimedOut, Detail::kHttpRequestError};
  }
  bool begun = reply == Reply::kBegun;
  return {Outcome::kTimedOut, begun ? Detail::kStreamIdle : Detail::kHttpResponseTimeout};
}

Ending goneEnding(ErrorKind kind, Origin origin, Reply reply) {
  if (origin == Origin::kDownstream) {
    return {Outcome::kClientGone, Detail::kClientCancelled};
  }
  if (kind == ErrorKind::kCancelled) {
    return {Outcome::kGatewayFailed, Detail::kShutdown};
  }
  return upstreamEnding(Detail::kConnectionTerminated, reply);
}

std::string_view reasonOfRefusal(const Ending& ending) {
  switch (ending.refused_by) {
    case RefusedBy::kJwt:
      return "JwtAuth";
    case RefusedBy::kBasicAuth:
      return "BasicAuth";
    case RefusedBy::kApiKey:
      return "APIKeyAuth";
    case RefusedBy::kOidc:
      return "Oidc";
    case RefusedBy::kExtAuth:
      return "ExtAuth";
    case RefusedBy::kExtProc:
      return "ExtProc";
    case RefusedBy::kMcp:
      return "MCP";
    case RefusedBy::kNone:
      break;
  }
  switch (ending.detail) {
    case Detail::kRouteNotFound:
      return "NotFound";
    case Detail::kAuthorization:
    case Detail::kModelNotAllowed:
      return "Authorization";
    case Detail::kRateLimited:
    case Detail::kBudgetExceeded:
      return "RateLimit";
    case Detail::kGuardRequest:
    case Detail::kGuardResponse:
      return "Guardrail";
    case Detail::kOverload:
    case Detail::kBodyMemory:
      return "Overload";
    case Detail::kBadRequest:
    case Detail::kBodyTooLarge:
    case Detail::kUnsupportedDialect:
    case Detail::kModelNotFound:
    case Detail::kTranslation:
    case Detail::kHttpRequestError:
      return "InvalidRequest";
    default:
      return "Internal";
  }
}

}  // namespace

Ending endingOf(ErrorKind kind, Origin origin, Reply reply) {
  switch (kind) {
    case ErrorKind::kBadRequest:
    case ErrorKind::kInvalidJson:
    case ErrorKind::kModelMissing:
    case ErrorKind::kBodyTooLarge:
    case ErrorKind::kHeadTooLarge:
    case ErrorKind::kUnsupportedEncoding:
    case ErrorKind::kUpgradeRequired:
      return messageEnding(kind, origin, reply);
    case ErrorKind::kRouteNotFound:
      return {Outcome::kRefused, Detail::kRouteNotFound};
    case ErrorKind::kUnknownPath:
    case ErrorKind::kMethodNotAllowed:
    case ErrorKind::kNotSupported:
      return {Outcome::kRefused, Detail::kUnsupportedDialect};
    case ErrorKind::kNoBackend:
      return {Outcome::kUpstreamFailed, Detail::kNoBackend};
    case ErrorKind::kCredentialMissing:
    case ErrorKind::kInvalidConfiguration:
      return {Outcome::kGatewayFailed, Detail::kProxyConfigurationError};
    case ErrorKind::kDns:
      return {Outcome::kUpstreamFailed, Detail::kDnsError};
    case ErrorKind::kConnectRefused:
      return {Outcome::kUpstreamFailed, Detail::kConnectionRefused};
    case ErrorKind::kConnectTimeout:
      return {Outcome::kUpstreamFailed, Detail::kConnectionTimeout};
    case ErrorKind::kTlsCertificate:
      return upstreamEnding(Detail::kTlsCertificateError, reply);
    case ErrorKind::kTlsProtocol:
      return origin == Origin::kDownstream ? goneEnding(kind, origin, reply)
                                           : upstreamEnding(Detail::kTlsProtocolError, reply);
    case ErrorKind::kUpstreamInvalid:
      return upstreamEnding(Detail::kHttpProtocolError, reply);
    case ErrorKind::kUpstreamClosed:
      return upstreamEnding(Detail::kConnectionTerminated, reply);
    case ErrorKind::kTimeout:
      return timeoutEnding(origin, reply);
    case ErrorKind::kOverloaded:
      return origin == Origin::kUpstream ? upstreamEnding(Detail::kConnectionLimitReached, reply)
                                         : Ending{Outcome::kRefused, Detail::kOverload};
    case ErrorKind::kCancelled:
    case ErrorKind::kPeerClosed:
      return goneEnding(kind, origin, reply);
    case ErrorKind::kSystem:
    case ErrorKind::kInternal:
      return {Outcome::kGatewayFailed, Detail::kProxyInternalError};
  }
  return {Outcome::kGatewayFailed, Detail::kProxyInternalError};
}

Detail detailOfStatus(std::uint16_t status) {
  switch (status) {
    case 401:
    case 403:
      return Detail::kProviderAuth;
    case 429:
      return Detail::kProviderQuota;
    case 503:
    case 529:
      return Detail::kProviderOverloaded;
    default:
      return Detail::kNone;
  }
}

std::string_view toString(Outcome outcome) {
  return kOutcomeNames[std::to_underlying(outcome)];
}

std::string_view toString(Detail detail) {
  return kDetailNames[std::to_underlying(detail)];
}

std::string_view reasonOf(const Ending& ending) {
  if (ending.detail == Detail::kNoBackend || ending.detail == Detail::kNoHealthyBackend) {
    return "NoHealthyBackend";
  }
  switch (ending.outcome) {
    case Outcome::kCompleted:
      return "Upstream";
    case Outcome::kLocalReply:
      return "DirectResponse";
    case Outcome::kRefused:
      return reasonOfRefusal(ending);
    case Outcome::kUpstreamFailed:
    case Outcome::kUpstreamTruncated:
      return "UpstreamFailure";
    case Outcome::kTimedOut:
      return "Timeout";
    case Outcome::kClientGone:
    case Outcome::kGatewayFailed:
      break;
  }
  return "Internal";
}

std::string_view errorTypeOf(
    const Ending& ending, std::optional<std::uint16_t> status, StatusDigits& digits
) {
  switch (ending.outcome) {
    case Outcome::kCompleted: {
      if (!status || *status < 400 || *status > 999) {
        return {};
      }
      auto written = std::to_chars(digits.data(), digits.data() + digits.size(), *status);
      return std::string_view(digits.data(), written.ptr);
    }
    case Outcome::kLocalReply:
      return {};
    case Outcome::kRefused:
    case Outcome::kUpstreamFailed:
      return toString(ending.detail);
    case Outcome::kUpstreamTruncated:
      return "stream_truncated";
    case Outcome::kTimedOut:
      return "timeout";
    case Outcome::kClientGone:
      return "client_cancelled";
    case Outcome::kGatewayFailed:
      return "gateway_error";
  }
  return {};
}

}  // namespace gatehouse::telemetry
