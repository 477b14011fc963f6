// Conditions, their exact types and reasons (resources.md 3.8), and status as the JSON Kubernetes
// uses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "resource/gateway.h"
#include "resource/meta.h"
#include "resource/ref.h"
#include "wire/json.h"

namespace gatehouse::resource {

enum class ConditionStatus : std::uint8_t { kTrue, kFalse, kUnknown };

/// "True", "False", "Unknown".
std::string_view toString(ConditionStatus status);

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;
  std::string message;
  std::int64_t observed_generation = 0;
  WallMicros last_transition{};  // when status last changed

  /// Equal in all but the time.
  bool sameAs(const Condition& other) const;
};

/// Types of conditions.
namespace condition {
inline constexpr std::string_view kAccepted = "Accepted";
inline constexpr std::string_view kAttached = "Attached";
inline constexpr std::string_view kConflicted = "Conflicted";
inline constexpr std::string_view kInsecureFrontendValidationMode =
    "InsecureFrontendValidationMode";
inline constexpr std::string_view kOverlappingTlsConfig = "OverlappingTLSConfig";
inline constexpr std::string_view kOverridden = "Overridden";
inline constexpr std::string_view kPartiallyInvalid = "PartiallyInvalid";
inline constexpr std::string_view kProgrammed = "Programmed";
inline constexpr std::string_view kReady = "Ready";
inline constexpr std::string_view kResolvedRefs = "ResolvedRefs";
inline constexpr std::string_view kStatusSummarized = "StatusSummarized";
inline constexpr std::string_view kSupportedVersion = "SupportedVersion";
}  // namespace condition

/// Reasons, in the spelling of the Gateway API and agentgateway.
namespace reason {
inline constexpr std::string_view kAccepted = "Accepted";
inline constexpr std::string_view kAddressNotAssigned = "AddressNotAssigned";
inline constexpr std::string_view kAddressNotUsable = "AddressNotUsable";
inline constexpr std::string_view kAttached = "Attached";
inline constexpr std::string_view kBackendNotFound = "BackendNotFound";
inline constexpr std::string_view kConfigurationChanged = "ConfigurationChanged";
inline constexpr std::string_view kConflicted = "Conflicted";
inline constexpr std::string_view kDeploymentFailed = "DeploymentFailed";
inline constexpr std::string_view kHostnameConflict = "HostnameConflict";
inline constexpr std::string_view kIncompatibleFilters = "IncompatibleFilters";
inline constexpr std::string_view kInvalid = "Invalid";
inline constexpr std::string_view kInvalidCaCertificateKind = "InvalidCACertificateKind";
inline constexpr std::string_view kInvalidCaCertificateRef = "InvalidCACertificateRef";
inline constexpr std::string_view kInvalidCertificateRef = "InvalidCertificateRef";
inline constexpr std::string_view kInvalidClientCertificateRef = "InvalidClientCertificateRef";
inline constexpr std::string_view kInvalidKind = "InvalidKind";
inline constexpr std::string_view kInvalidParameters = "InvalidParameters";
inline constexpr std::string_view kInvalidProviderConfig = "InvalidProviderConfig";
inline constexpr std::string_view kInvalidRouteKinds = "InvalidRouteKinds";
inline constexpr std::string_view kListenersNotResolved = "ListenersNotResolved";
inline constexpr std::string_view kListenersNotValid = "ListenersNotValid";
inline constexpr std::string_view kNoConflicts = "NoConflicts";
inline constexpr std::string_view kNoMatchingListenerHostname = "NoMatchingListenerHostname";
inline constexpr std::string_view kNoMatchingParent = "NoMatchingParent";
inline constexpr std::string_view kNoResources = "NoResources";
inline constexpr std::string_view kNoValidCaCertificate = "NoValidCACertificate";
inline constexpr std::string_view kNotAllowed = "NotAllowed";
inline constexpr std::string_view kNotAllowedByListeners = "NotAllowedByListeners";
inline constexpr std::string_view kOverlappingHostnames = "OverlappingHostnames";
inline constexpr std::string_view kParentNotAccepted = "ParentNotAccepted";
inline constexpr std::string_view kParentNotProgrammed = "ParentNotProgrammed";
inline constexpr std::string_view kPartiallyValid = "PartiallyValid";
inline constexpr std::string_view kPending = "Pending";
inline constexpr std::string_view kPortUnavailable = "PortUnavailable";
inline constexpr std::string_view kProgrammed = "Programmed";
inline constexpr std::string_view kProtocolConflict = "ProtocolConflict";
inline constexpr std::string_view kRefNotPermitted = "RefNotPermitted";
inline constexpr std::string_view kResolvedRefs = "ResolvedRefs";
inline constexpr std::string_view kSecretDeleted = "SecretDeleted";
inline constexpr std::string_view kSecretMissing = "SecretMissing";
inline constexpr std::string_view kSecretSynced = "SecretSynced";
inline constexpr std::string_view kSecretSyncedError = "SecretSyncedError";
inline constexpr std::string_view kSupportedVersion = "SupportedVersion";
inline constexpr std::string_view kTargetNotFound = "TargetNotFound";
inline constexpr std::string_view kTooManyListeners = "TooManyListeners";
inline constexpr std::string_view kTranslationError = "TranslationError";
inline constexpr std::string_view kUnsupported = "Unsupported";
inline constexpr std::string_view kUnsupportedAddress = "UnsupportedAddress";
inline constexpr std::string_view kUnsupportedProtocol = "UnsupportedProtocol";
inline constexpr std::string_view kUnsupportedValue = "UnsupportedValue";
inline constexpr std::string_view kUnsupportedVersion = "UnsupportedVersion";
inline constexpr std::string_view kValid = "Valid";
inline constexpr std::string_view kValidationFailed = "ValidationFailed";
}  // namespace reason

/// Reference texts of messages.
namespace message {
inline constexpr std::string_view kGatewayAccepted = "Successfully accepted Gateway";
inline constexpr std::string_view kGatewayProgrammed = "Successfully programmed Gateway";
inline constexpr std::string_view kListenerSetAccepted = "Successfully accepted ListenerSet";
inline constexpr std::string_view kListenerSetProgrammed = "Successfully programmed ListenerSet";
inline constexpr std::string_view kNoErrors = "No errors found";
inline constexpr std::string_view kRouteAccepted = "Successfully accepted Route";
inline constexpr std::string_view kRefsResolved = "Successfully resolved all references";
inline constexpr std::string_view kConfigurationValid = "Configuration is valid";
inline constexpr std::string_view kBackendAccepted = "Backend successfully accepted";
}  // namespace message

/// Longest condition message the API accepts, in bytes; toValue() cuts longer ones.
inline constexpr std::size_t kMaxConditionMessage = 32768;

/// Sets `next` among `conditions`, which has one entry a type. Its time stays that of the entry it
/// replaces if the status is the same.
void setCondition(std::vector<Condition>& conditions, Condition next);

const Condition* findCondition(const std::vector<Condition>& conditions, std::string_view type);

/// An address in use, with the type every status address carries.
struct StatusAddress {
  std::string type = "IPAddress";
  std::string value;
};

struct ListenerStatus {
  std::string name;
  std::int32_t attached_routes = 0;
  std::vector<RouteGroupKind> supported_kinds;
  std::vector<Condition> conditions;
};

struct GatewayClassStatus {
  std::vector<Condition> conditions;
  std::vector<std::string> supported_features;
};

struct GatewayStatus {
  std::vector<StatusAddress> addresses;
  std::int32_t attached_listener_sets = 0;
  std::vector<Condition> conditions;
  std::vector<ListenerStatus> listeners;
};

struct ListenerSetStatus {
  std::vector<Condition> conditions;
  std::vector<ListenerStatus> listeners;
};

struct RouteParentStatus {
  ParentRef parent_ref;
  std::string controller_name;
  std::vector<Condition> conditions;
};

struct RouteStatus {
  std::vector<RouteParentStatus> parents;
};

/// AgentgatewayBackend, ExternalSecret, stores: conditions only.
struct PlainStatus {
  std::vector<Condition> conditions;
};

struct PolicyAncestorStatus {
  ParentRef ancestor_ref;
  std::string controller_name;
  std::vector<Condition> conditions;
};

struct PolicyStatus {
  std::vector<PolicyAncestorStatus> ancestors;
};

/// The `status` object as Kubernetes has it.
wire::Value toValue(const Condition& condition);
wire::Value toValue(const GatewayClassStatus& status);
wire::Value toValue(const GatewayStatus& status);
wire::Value toValue(const ListenerSetStatus& status);
wire::Value toValue(const RouteStatus& status);
wire::Value toValue(const PlainStatus& status);
wire::Value toValue(const PolicyStatus& status);

/// RFC 3339 with seconds, UTC: "2025-11-22T12:40:00Z".
std::string toRfc3339(WallMicros time);

}  // namespace gatehouse::resource
