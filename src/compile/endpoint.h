// Backend policies -> the endpoint of an upstream: TLS settings, the Host it is called by, the key
// of its pool (resources.md 4, 7).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/draft.h"
#include "llm/provider/provider.h"
#include "resource/backend.h"
#include "upstream/endpoint.h"

namespace gatehouse::compile {

using TlsHandle = std::shared_ptr<const upstream::TlsSettings>;

/// What is offered to an upstream that shall speak `version`, in order of preference.
std::vector<std::string> alpnOf(upstream::HttpVersion version);
/// The same settings for an upstream that shall speak `version`; null stays null.
TlsHandle withVersion(TlsHandle tls, upstream::HttpVersion version);

/// `policies` of a backend with those of one of its providers laid over it, field by field.
struct EffectivePolicies {
  const resource::BackendAuth* auth = nullptr;
  const resource::BackendTls* tls = nullptr;
  const resource::BackendHttp* http = nullptr;
  const resource::BackendTcp* tcp = nullptr;
  /// Of a BackendTLSPolicy that counts more than `tls`; null: none does.
  TlsHandle attached_tls;
  const resource::Section* tunnel = nullptr;
  /// Of a policy that counts more than `tunnel`; null: none does.
  const resource::AgentgatewayPolicy* tunnel_policy = nullptr;
  TunnelRank tunnel_rank = TunnelRank::kNone;

  bool hasTls() const { return tls != nullptr || attached_tls != nullptr; }
};
EffectivePolicies effectivePolicies(
    const resource::BackendPolicies& backend [[clang::lifetimebound]],
    const resource::BackendPolicies* provider [[clang::lifetimebound]]
);

/// Whether TLS is used when no policy speaks of it.
enum class ImplicitTls : std::uint8_t { kNo, kYes };

/// Where to connect.
struct UpstreamAddress {
  std::string host;  // name or IP address, without brackets; empty for a Unix socket
  std::uint16_t port = 0;
  std::string unix_path = {};
  ImplicitTls tls = ImplicitTls::kNo;
};

/// The text under ca.crt of a ConfigMap or Secret, or nothing.
std::optional<std::string> readCa(const Draft& draft, const resource::ObjectRef& ref);

/// An endpoint, with the way to it, or why requests to it must fail. Findings are about `meta`, the
/// backend. A CA that cannot be read gives an endpoint that trusts nothing, and a sentence in
/// `problems`.
std::expected<upstream::EndpointHandle, snapshot::InvalidBackend> makeEndpoint(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const UpstreamAddress& address,
    const EffectivePolicies& policies,
    std::vector<std::string>& problems
);

/// The same without a tunnel, whatever policies and environment say, and not finished.
std::expected<upstream::Endpoint, snapshot::InvalidBackend> drawEndpoint(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const UpstreamAddress& address,
    const EffectivePolicies& policies,
    std::vector<std::string>& problems
);

/// Sets `pool_key` and `name` and what else follows from the other fields, and shares the endpoint.
upstream::EndpointHandle finishEndpoint(upstream::Endpoint endpoint);

/// "host", or "host:port" when the port is not the scheme's own; IPv6 in brackets.
std::string authorityOf(std::string_view host, std::uint16_t port, bool tls);

/// The API we speak for a kind of provider; nothing for kinds that are not served yet.
std::optional<llm::ProviderKind> servedKind(resource::ProviderKind kind);

/// To the response head; zero is off.
Nanos responseTimeout(const EffectivePolicies& policies);

}  // namespace gatehouse::compile
