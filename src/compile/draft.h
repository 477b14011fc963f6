// The half-made result that the passes fill in, each its own part. Points into the ResourceSet,
// which outlives it. Only this room sees it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compile/addresses.h"
#include "compile/compile.h"
#include "crypto/secret_text.h"
#include "resource/condition.h"
#include "resource/finding.h"
#include "resource/set.h"
#include "snapshot/snapshot.h"
#include "upstream/credential_choice.h"
#include "upstream/endpoint.h"

namespace gatehouse::compile {

/// Why a condition is not as it should be.
struct Problem {
  std::string reason;  // of resource::reason
  std::string message;
  std::string hint = {};   // the nearest name, for findings only
  std::string field = {};  // at fault below the field looked at, such as ".name"
};

/// A certificate and its key.
struct KeyPair {
  std::string chain_pem;  // leaf first
  std::shared_ptr<const crypto::SecretText> key_pem;
};

/// A listener of a Gateway, written in it or in a ListenerSet that it takes.
struct ListenerDraft {
  const resource::Listener* spec = nullptr;
  const resource::ObjectMeta* owner = nullptr;  // of the object it is written in
  const resource::ListenerSet* set = nullptr;   // null: the Gateway itself
  std::size_t index = 0;                        // in spec.listeners of its owner
  std::vector<resource::RouteGroupKind> supported_kinds;
  std::optional<Problem> not_accepted;  // Accepted=False
  std::optional<Problem> conflict;      // Conflicted=True; not accepted either
  std::optional<Problem> unresolved;    // ResolvedRefs=False
  std::string overlap;                  // OverlappingTLSConfig=True, naming the other; else empty
  bool tls = false;
  std::vector<snapshot::ServerCertificate> certificates;
  snapshot::ClientValidation clients;
  std::int32_t attached_routes = 0;
  std::vector<snapshot::RouteEntry> entries;

  /// As flags, logs and records have it: "http", or "namespace/set/http" of a ListenerSet.
  std::string name() const;
  /// Below the field of its owner, such as ".port".
  std::string field(std::string_view rest) const;

  bool accepted() const { return !not_accepted && !conflict; }
  /// Accepted, and able to take connections.
  bool serves() const { return accepted() && (!tls || !certificates.empty()); }
};

/// One port number of a Gateway and where it is bound.
struct PortDraft {
  std::uint16_t port = 0;
  std::vector<BindAddress> addresses;
  std::optional<snapshot::ProxyProtocol> proxy_protocol{};
  std::optional<upstream::Keepalive> keepalive{};
  snapshot::TlsLimits tls{};
};

struct GatewayDraft {
  const resource::Gateway* resource = nullptr;
  std::string controller;
  std::vector<ListenerDraft> listeners;  // its own, then those of ListenerSets in their order
  std::vector<PortDraft> ports;          // of accepted listeners, ascending
  std::optional<Problem> not_accepted;
  std::optional<Problem> not_programmed;
  std::optional<Problem> unresolved;          // a reference outside its listeners
  std::optional<KeyPair> client_certificate;  // shown to upstreams that ask for one

  std::string name() const { return resource::qualifiedName(resource->meta.key); }
  /// As a whole, and with a valid listener of its own; without one its ListenerSets do not serve
  /// either.
  bool accepted() const;
};

/// A ListenerSet whose Gateway is ours.
struct ListenerSetDraft {
  const resource::ListenerSet* resource = nullptr;
  GatewayDraft* gateway = nullptr;
  std::optional<Problem> not_accepted;  // as a whole: none of its listeners is there
};

/// A listener a route is attached to, with the hostnames both have.
struct Attachment {
  ListenerDraft* listener = nullptr;
  std::vector<std::string> hostnames;  // one empty entry: any
};

struct ParentDraft {
  const resource::ParentRef* ref = nullptr;
  GatewayDraft* gateway = nullptr;
  const ListenerSetDraft* set = nullptr;  // null: the Gateway itself is the parent
  std::vector<Attachment> attachments;
  std::optional<Problem> not_accepted;
  std::vector<std::string> shadowed;  // matches that another route takes first, and which does

  /// "Gateway namespace/name", or the ListenerSet.
  std::string name() const;
};

struct RuleDraft {
  std::shared_ptr<snapshot::Rule> rule;
  std::vector<std::string> problems;  // why it, or some of its matches, is not served as written
  bool incompatible = false;          // two of its filters cannot stand together
  bool served = true;                 // false: nothing matches, or all is answered with 500
};

struct RouteDraft {
  const resource::HttpRoute* resource = nullptr;
  std::vector<ParentDraft> parents;  // of ours only
  std::vector<RuleDraft> rules;      // as in the spec
  std::optional<Problem> unresolved;
  std::vector<resource::ObjectKey> backends;  // that its rules refer to and that are there
  std::vector<resource::ObjectKey> absent;    // that they refer to and that are not
};

struct BackendDraft {
  snapshot::BackendHandle handle;
  std::vector<std::string> problems;  // TranslationError
};

/// A target of a BackendTLSPolicy.
struct TlsTargetDraft {
  resource::ObjectKey object;
  std::string section;             // port or provider; empty: the whole object
  std::optional<Problem> missing;  // it is not there
};

struct TlsPolicyDraft {
  const resource::BackendTlsPolicy* resource = nullptr;  // null: left out for its errors
  std::vector<TlsTargetDraft> targets;                   // of kinds that have TLS
  std::optional<Problem> not_accepted;                   // whatever the target
  std::optional<Problem> unresolved;                     // ResolvedRefs=False
  std::shared_ptr<const upstream::TlsSettings> settings;
};

/// Who says through which proxy an endpoint is reached, if anybody.
enum class TunnelRank : std::uint8_t {
  kNone,    // nobody, or the environment
  kTarget,  // a policy for its backend or Service
  kOwn,     // its backend or provider, or a policy for the provider
};

struct Draft {
  /// Both outlive the draft.
  Draft(const resource::ResourceSet& set, const CompileOptions& how)
      : resources(set), options(how) {}

  const resource::ResourceSet& resources;
  const CompileOptions& options;

  std::vector<GatewayDraft> gateways;           // ours, by namespace/name
  std::vector<ListenerSetDraft> listener_sets;  // of these, in order of their listeners
  std::vector<RouteDraft> routes;
  /// Credentials of an AgentgatewayBackend, or of one of its providers, by the address of its
  /// struct.
  std::map<const void*, upstream::BackendAuth> auths;
  std::map<const resource::AgentgatewayBackend*, BackendDraft> backends;
  std::vector<TlsPolicyDraft> tls_policies;  // oldest first
  /// Which of them speaks for a target, by object and section.
  std::map<std::pair<resource::ObjectKey, std::string>, std::size_t> tls_winners;
  /// Objects of which a policy names a section that is not there: closed where no other policy is.
  std::set<resource::ObjectKey> tls_closed;
  /// Whose spec.backend.tunnel holds for an AgentgatewayBackend or Service, by object and section.
  std::map<std::pair<resource::ObjectKey, std::string>, const resource::AgentgatewayPolicy*>
      tunnel_policies;
  /// What these policies come to.
  std::map<
      const resource::AgentgatewayPolicy*,
      std::expected<std::shared_ptr<const upstream::Tunnel>, snapshot::InvalidBackend>>
      tunnels;
  std::map<upstream::EndpointHandle, TunnelRank> tunnel_ranks;  // those of kNone left out
  /// Endpoints that must not be reached as they are: what to answer where no nearer policy has
  /// another way.
  std::map<upstream::EndpointHandle, snapshot::InvalidBackend> tunnel_faults;
  /// Where a RequestMirror goes, by the address of its filter; none where that does not resolve.
  std::map<const resource::HttpFilter*, snapshot::BackendHandle> mirrors;

  /// What of an object is accepted and has no effect yet: a sentence each.
  std::map<resource::ObjectKey, std::vector<std::string>> inactive;
  /// Where a field of a policy lost to an older policy: a sentence each, which names that.
  std::map<resource::ObjectKey, std::vector<std::string>> overridden;

  std::map<std::string, CertificateUse> certificates;  // by Secret

  StatusReport report;
  std::vector<resource::Finding> findings;
  std::vector<std::string> flag_errors;
  snapshot::SnapshotHandle snapshot;

  GatewayDraft* findGateway(std::string_view ns, std::string_view name);
  const ListenerSetDraft* findListenerSet(std::string_view ns, std::string_view name) const;

  /// A finding about `field` of an object, placed where the field, or the nearest part around it,
  /// was written.
  void find(
      resource::Severity severity,
      const resource::ObjectMeta& meta,
      std::string field,
      std::string message
  );

  /// `text` of a condition of the object, followed by what of the object is inactive.
  std::string withInactive(const resource::ObjectMeta& meta, std::string_view text) const;

  /// A condition of the object at the generation of its manifest and the time of this compile.
  resource::Condition condition(
      const resource::ObjectMeta& meta,
      std::string_view type,
      bool holds,
      std::string_view reason,
      std::string message
  ) const;
};

/// Where a field like spec.rules[0].name was written.
resource::Position locate(const resource::ObjectMeta& meta, std::string_view field);

/// Names of all objects of a kind in a namespace, for suggestions.
template <typename T>
std::vector<std::string_view> namesIn(
    const resource::ResourceSet& resources [[clang::lifetimebound]], std::string_view ns
) {
  std::vector<std::string_view> names;
  for (const auto& object : resources.all<T>()) {
    if (object->meta.key.ns == ns) {
      names.push_back(object->meta.key.name);
    }
  }
  return names;
}

/// Joined by "; ".
std::string join(const std::vector<std::string>& sentences);

}  // namespace gatehouse::compile
