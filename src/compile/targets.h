// What a policy attaches to, and the Gateways reached through it (resources.md 5, 3.8).
#pragma once

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

/// Gateways with an attached route to the backend or Service, each once.
std::vector<const GatewayDraft*> gatewaysUsing(
    const Draft& draft, const resource::ObjectKey& backend
);

/// Routes must be attached and references resolved. Missing targets are also findings, with the
/// nearest name.
Reach resolveTargets(Draft& draft, const resource::AgentgatewayPolicy& policy);

}  // namespace gatehouse::compile
