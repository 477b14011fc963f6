// How an upstream is reached through an HTTP proxy: policies.tunnel of a backend,
// spec.backend.tunnel of policies (resources.md 8.1; those for routes, listeners and Gateways are
// in pass/pass_tunnels.cc), or what the environment of the process says.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string_view>

#include "compile/draft.h"
#include "compile/endpoint.h"
#include "upstream/tunnel.h"

namespace gatehouse::compile {

/// Null: directly. Policies go before the environment. Findings are about `meta`, the backend, or
/// the policy attached to it.
std::expected<std::shared_ptr<const upstream::Tunnel>, snapshot::InvalidBackend> makeTunnel(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const UpstreamAddress& address,
    const EffectivePolicies& policies
);

/// As spec.backend.tunnel of the policy says, which it has; after resolveTunnelPolicies().
const std::expected<std::shared_ptr<const upstream::Tunnel>, snapshot::InvalidBackend>& tunnelOf(
    const Draft& draft, const resource::AgentgatewayPolicy& policy
);

inline constexpr std::string_view kTunnelField = "spec.backend.tunnel";

/// What the policy says of tunnels, or null.
const resource::Section* tunnelIn(const resource::AgentgatewayPolicy& policy);

/// Fills `draft.tunnel_policies` and `draft.tunnels`; of two for the same target the older one
/// holds, and the other is told so. Findings are about the policies.
void resolveTunnelPolicies(Draft& draft);

/// The policy for exactly that section of the object, which is a provider or the number of a port;
/// an empty section is the whole object. Null without one.
const resource::AgentgatewayPolicy* findTunnelPolicy(
    const Draft& draft, const resource::ObjectKey& target, std::string_view section
);

/// Of a port, by the policy for it, else by that for its Service; null without one.
const resource::AgentgatewayPolicy* tunnelPolicyOf(
    const Draft& draft, const resource::Service& service, std::uint16_t port
);

}  // namespace gatehouse::compile
