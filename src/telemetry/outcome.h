// How a request ended (telemetry specification section 2, decision D11): exactly one Outcome and at
// most one detail key. Both lists are closed; everything shown to people or machines about an
// ending derives from them here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace gatehouse::telemetry {

enum class Outcome : std::uint8_t {
  kCompleted,          // whole reply delivered, whatever its status
  kLocalReply,         // answered on purpose without upstream
  kRefused,            // we said no
  kUpstreamFailed,     // no usable reply from any attempt
  kUpstreamTruncated,  // reply began, then broke off before its end mark
  kTimedOut,           // one of our deadlines fired
  kClientGone,         // client closed or reset before the end
  kGatewayFailed,      // our fault
};
inline constexpr std::size_t kOutcomeCount = 8;

/// Low-cardinality cause; names of RFC 9209 where one fits.
enum class Detail : std::uint8_t {
  kNone,
  kDnsError,
  kDnsTimeout,
  kDestinationNotFound,
  kDestinationUnavailable,
  kConnectionRefused,
  kConnectionTimeout,
  kConnectionTerminated,
  kConnectionLimitReached,
  kTlsProtocolError,
  kTlsCertificateError,
  kHttpRequestError,
  kHttpResponseIncomplete,
  kHttpResponseTimeout,
  kHttpProtocolError,
  kHttpResponseHeaderSectionSize,
  kHttpResponseDecodeError,
  kProxyInternalError,
  kProxyConfigurationError,
  kRouteNotFound,
  kNoBackend,
  kNoHealthyBackend,
  kAuthentication,
  kAuthorization,
  kRateLimited,
  kBudgetExceeded,
  kGuardRequest,
  kGuardResponse,
  kBodyTooLarge,
  kBodyMemory,
  kBadRequest,
  kUnsupportedDialect,
  kModelNotFound,
  kModelNotAllowed,
  kTranslation,
  kOverload,
  kClientCancelled,
  kStreamTruncated,
  kStreamIdle,
  kShutdown,
  kProviderAuth,        // upstream 401 or 403 with our credential
  kProviderQuota,       // upstream 429
  kProviderOverloaded,  // upstream 503 or 529
  kOperatorCancelled,
};
inline constexpr std::size_t kDetailCount = 44;

/// Who refused, where the detail key alone does not say: it chooses the word in the `reason`
/// vocabulary.
enum class RefusedBy : std::uint8_t {
  kNone,
  kJwt,
  kBasicAuth,
  kApiKey,
  kOidc,
  kExtAuth,
  kExtProc,
  kMcp,
};

struct Ending {
  Outcome outcome = Outcome::kCompleted;
  Detail detail = Detail::kNone;
  RefusedBy refused_by = RefusedBy::kNone;

  friend bool operator==(const Ending&, const Ending&) = default;
};

/// Whether bytes of the upstream's reply had reached the client when the walk ended.
enum class Reply : std::uint8_t { kNotBegun, kBegun };

/// The ending that an error leads to. Errors that need more knowledge than their kind (a guard, a
/// limit, an operator's cancel) are named by whoever raises them.
Ending endingOf(ErrorKind kind, Origin origin, Reply reply);

/// The detail key of one attempt that got `status` from upstream; kNone if the status is no failure
/// of the provider.
Detail detailOfStatus(std::uint16_t status);

/// "Completed", "LocalReply", ...
std::string_view toString(Outcome outcome);
/// "dns_error", ...; empty for kNone.
std::string_view toString(Detail detail);
/// The word of the `reason` vocabulary: "Upstream", "DirectResponse", "NotFound", ...
std::string_view reasonOf(const Ending& ending);

/// Holds the text of a status while errorTypeOf's answer is used.
using StatusDigits = std::array<char, 3>;

/// `error.type` of OTel, low cardinality; empty when the request did not fail. A Completed request
/// with a status of 400 or more has the status as text, written to `digits`.
std::string_view errorTypeOf(
    const Ending& ending,
    std::optional<std::uint16_t> status,
    StatusDigits& digits [[clang::lifetimebound]]
);

}  // namespace gatehouse::telemetry
