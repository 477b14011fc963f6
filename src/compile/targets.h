// What a policy attaches to, and the Gateways reached through it (resources.md 5, 3.8).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compile/draft.h"

namespace gatehouse::compile {

/// Where the targets of one policy lead.
struct Reach {
  std::vector<const GatewayDraft*> gateways;  // ours, each once, in order of discovery
  std::vector<std::string> missing;           // "Gateway ns/name not found", ...
};

/// Names of its providers, of all groups.
std::vector<std::string_view> providerNames(const resource::AgentgatewayBackend& backend
                                            [[clang::lifetimebound]]);

/// Gateways with an attached route to the backend or Service, there or not, each once.
std::vector<const GatewayDraft*> gatewaysMeaning(
    const Draft& draft, const resource::ObjectKey& backend
);

/// Gateways with an attached route to the backend or Service that is there, each once.
std::vector<const GatewayDraft*> gatewaysUsing(
    const Draft& draft, const resource::ObjectKey& backend
);

/// A Gateway of ours that a policy names, or selects, itself.
struct GatewayTarget {
  GatewayDraft* gateway = nullptr;
  std::optional<std::uint16_t> port;  // the one that is meant; absent: all
};

/// In the order of the policy; what is missing is told by resolveTargets().
std::vector<GatewayTarget> gatewayTargets(Draft& draft, const resource::AgentgatewayPolicy& policy);

/// A Gateway, ListenerSet or HTTPRoute that a policy names, or selects, itself.
struct TrafficTarget {
  const resource::Gateway* gateway = nullptr;  // one of these three
  const resource::ListenerSet* set = nullptr;
  const resource::HttpRoute* route = nullptr;
  std::string section;  // the listener, or rule; empty: all
};

/// In the order of the policy; what is missing is told by resolveTargets().
std::vector<TrafficTarget> trafficTargets(
    const Draft& draft, const resource::AgentgatewayPolicy& policy
);

/// An AgentgatewayBackend or Service that a policy names, or selects, itself.
struct BackendTarget {
  resource::ObjectKey object;
  std::string section;  // the provider, or number of the port; empty: all
};

/// In the order of the policy; what is missing is told by resolveTargets().
std::vector<BackendTarget> backendTargets(
    const Draft& draft, const resource::AgentgatewayPolicy& policy
);

/// Routes must be attached and references resolved. Missing targets are also findings, with the
/// nearest name.
Reach resolveTargets(Draft& draft, const resource::AgentgatewayPolicy& policy);

}  // namespace gatehouse::compile
