// Errors as values (house principle 10). An Error says what kind of failure it is, which side
// caused it, whether trying again can help, and, for the operator only, a sentence of detail and
// the cause below it. What a client sees is derived from the kind in one place, proxy/reply. Detail
// never holds a credential.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gatehouse {

/// What failed. Only differences that change the reply, the retry or the recorded detail key have a
/// kind of their own.
enum class ErrorKind : std::uint8_t {
  kBadRequest,            // malformed HTTP message or target                    400
  kInvalidJson,           // body is not one JSON object, or ambiguous           400
  kModelMissing,          // no model named anywhere                             400
  kBodyTooLarge,          // request body over its limit                         413
  kHeadTooLarge,          // field section or target over its limit              431
  kUnsupportedEncoding,   // content coding we do not decode                     415
  kRouteNotFound,         // no listener or no route                             404
  kUnknownPath,           // AI route, but no dialect has this path              404
  kMethodNotAllowed,      // dialect known, method wrong                         405
  kNotSupported,          // dialect known, not served by this backend           501
  kUpgradeRequired,       // a protocol switch we refuse                         426
  kNoBackend,             // the rule has no valid backend                       500
  kCredentialMissing,     // the backend's Secret or key is absent               503
  kDns,                   // name does not resolve                               503
  kConnectRefused,        // nobody listens there, or no route to it             503
  kConnectTimeout,        // no answer to connect                                503
  kTlsCertificate,        // peer's certificate is not acceptable                502
  kTlsProtocol,           // handshake or record failure                         502
  kUpstreamInvalid,       // upstream answered something that is not HTTP        502
  kUpstreamClosed,        // connection ended before or within the answer        502
  kTimeout,               // one of our deadlines                                504
  kOverloaded,            // a cap of ours is reached                            503
  kCancelled,             // the stop signal of the task was raised; no reply
  kPeerClosed,            // the peer closed or reset this stream; no reply
  kInvalidConfiguration,  // resources, flags or files of the operator
  kSystem,                // the operating system refused something             500
  kInternal,              // our fault                                          500
};

/// Which side the failure belongs to.
enum class Origin : std::uint8_t { kDownstream, kUpstream, kGateway };

/// Whether the same request may be sent again.
enum class Retry : std::uint8_t { kNever, kYes, kIfReused };

class [[nodiscard]] Error {
 public:
  Error(ErrorKind kind, Origin origin, std::string detail, Retry retry = Retry::kNever)
      : detail_(std::move(detail)), kind_(kind), origin_(origin), retry_(retry) {}

  /// This error as the cause of a new one.
  Error because(ErrorKind kind, Origin origin, std::string detail, Retry retry = Retry::kNever) &&;

  ErrorKind kind() const { return kind_; }
  Origin origin() const { return origin_; }
  Retry retry() const { return retry_; }
  /// One sentence for the operator, without a final full stop.
  const std::string& detail() const [[clang::lifetimebound]] { return detail_; }
  /// The error below, or null.
  const Error* cause() const { return cause_.get(); }
  /// "detail: detail of cause: ...".
  std::string chain() const;

 private:
  std::string detail_;
  std::shared_ptr<const Error> cause_;
  ErrorKind kind_;
  Origin origin_;
  Retry retry_;
};

/// Stable snake_case name of a kind, for logs and tests.
std::string_view toString(ErrorKind kind);

}  // namespace gatehouse
