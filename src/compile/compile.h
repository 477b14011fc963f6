// ResourceSet -> Snapshot, status and findings: a list of named passes over a draft (house
// principle 4). Pure and deterministic: the same set and options give the same result. A set with
// errors compiles too: the faulty object is left out or answers with its error, everything else is
// served.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "compile/addresses.h"
#include "compile/report.h"
#include "resource/finding.h"
#include "resource/set.h"
#include "snapshot/snapshot.h"
#include "upstream/proxy_environment.h"

namespace gatehouse::compile {

/// Written as controllerName of what no GatewayClass manifest says otherwise about.
inline constexpr std::string_view kControllerName = "gatehouse.dev/gatehouse";

/// A static AgentgatewayBackend with this annotation set to "true" is answered by the built-in
/// simulated model; its host and port are not used.
inline constexpr std::string_view kSimulatedAnnotation = "gatehouse.dev/simulated";

/// On a Secret: where its value is from, in a few words for people ("OPENAI_API_KEY"); shown in
/// place of the Secret's name.
inline constexpr std::string_view kKeyFromAnnotation = "gatehouse.dev/key-from";

/// What a certificate says of itself.
struct CertificateFacts {
  std::string subject{};
  std::vector<std::string> names{};  // that it was issued for
  WallMicros begin{};                // valid from then
  WallMicros end{};                  // until then
};

/// A certificate that is used, and where.
struct CertificateUse {
  std::string secret;  // "namespace/name"
  CertificateFacts facts;
  std::vector<std::string>
      used_by;  // "Gateway team/gw listener https", "AgentgatewayBackend team/m"
};

struct CompileOptions {
  AddressOptions addresses;
  /// Beside ours, controllerNames of GatewayClasses that are taken for ours.
  std::vector<std::string> controller_names;
  /// GatewayClasses are ours by name alone, and a Service without EndpointSlices is reached by its
  /// DNS name.
  bool standalone = true;
  /// What is wrong with a certificate chain and its key, if anything is; absent: they are only
  /// looked at.
  std::function<std::optional<std::string>(std::string_view chain_pem, std::string_view key_pem)>
      check_key_pair;
  /// What is wrong with a text of certificate authorities, if anything is; absent: it is only
  /// looked at.
  std::function<std::optional<std::string>(std::string_view pem)> check_authorities;
  /// For upstreams that no policy gives a tunnel; not for Services.
  upstream::ProxyEnvironment proxies;
  /// Of the first certificate of a chain; absent: nothing is known of it, and it is valid.
  std::function<std::optional<CertificateFacts>(std::string_view chain_pem)> describe_certificate;
  /// Whether the TLS library knows a key exchange group; absent: it knows all.
  std::function<bool(const std::string& group)> knows_group;
  /// Time of new conditions.
  WallMicros now{};
};

struct Compiled {
  /// Null when the last pass found the result inconsistent: keep what is served now.
  snapshot::SnapshotHandle snapshot;
  StatusReport report;
  std::vector<resource::Finding> findings;   // by file, then position
  std::vector<CertificateUse> certificates;  // by Secret
  /// When the same resources come to something else, as a certificate ends; nothing if never.
  std::optional<WallMicros> changes_at;
  /// What is wrong with the flags (`--bind` of a Gateway that is not there); at start each is an
  /// error.
  std::vector<std::string> flag_errors;
};

Compiled compile(const resource::ResourceSet& resources, const CompileOptions& options);

/// Names of the passes in the order they run.
std::vector<std::string_view> passNames();

}  // namespace gatehouse::compile
