#include "base/error.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse {

Error Error::because(ErrorKind kind, Origin origin, std::string detail, Retry retry) && {
  Error outer(kind, origin, std::move(detail), retry);
  outer.cause_ = std::make_shared<const Error>(std::move(*this));
  return outer;
}

std::string Error::chain() const {
  std::string text = detail_;
  for (const Error* below = cause(); below != nullptr; below = below->cause()) {
    text += ": ";
    text += below->detail_;
  }
  return text;
}

std::string_view toString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kBadRequest:
      return "bad_request";
    case ErrorKind::kInvalidJson:
      return "invalid_json";
    case ErrorKind::kModelMissing:
      return "model_missing";
    case ErrorKind::kBodyTooLarge:
      return "body_too_large";
    case ErrorKind::kHeadTooLarge:
      return "head_too_large";
    case ErrorKind::kUnsupportedEncoding:
      return "unsupported_encoding";
    case ErrorKind::kRouteNotFound:
      return "route_not_found";
    case ErrorKind::kUnknownPath:
      return "unknown_path";
    case ErrorKind::kMethodNotAllowed:
      return "method_not_allowed";
    case ErrorKind::kNotSupported:
      return "not_supported";
    case ErrorKind::kUpgradeRequired:
      return "upgrade_required";
    case ErrorKind::kNoBackend:
      return "no_backend";
    case ErrorKind::kCredentialMissing:
      return "credential_missing";
    case ErrorKind::kDns:
      return "dns";
    case ErrorKind::kConnectRefused:
      return "connect_refused";
    case ErrorKind::kConnectTimeout:
      return "connect_timeout";
    case ErrorKind::kTlsCertificate:
      return "tls_certificate";
    case ErrorKind::kTlsProtocol:
      return "tls_protocol";
    case ErrorKind::kUpstreamInvalid:
      return "upstream_invalid";
    case ErrorKind::kUpstreamClosed:
      return "upstream_closed";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kOverloaded:
      return "overloaded";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kPeerClosed:
      return "peer_closed";
    case ErrorKind::kInvalidConfiguration:
      return "invalid_configuration";
    case ErrorKind::kSystem:
      return "system";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace gatehouse
