// AgentgatewayPolicy and EnterpriseAgentgatewayPolicy: one struct, told apart by meta.key.kind.
// Sections the gateway does not act on yet are kept as written, so that compile can report each as
// accepted but not active.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resource/backend.h"
#include "resource/meta.h"
#include "resource/ref.h"

namespace gatehouse::resource {

enum class PolicyPhase : std::uint8_t { kPostRouting, kPreRouting };
enum class PolicyInheritance : std::uint8_t { kDefault, kOverride };

struct AgentgatewayPolicy {
  static constexpr std::string_view kKind = "AgentgatewayPolicy";
  static constexpr std::string_view kEnterpriseKind = "EnterpriseAgentgatewayPolicy";
  ObjectMeta meta;
  std::vector<PolicyTargetRef> target_refs;  // one of these two is filled
  std::vector<PolicyTargetSelector> target_selectors;
  std::vector<Section> frontend;  // tracing, accessLog, tls, http, tcp ...
  std::vector<Section> traffic;   // cors, jwtAuthentication, rateLimit ...; without `phase`
  std::optional<BackendPolicies> backend;
  PolicyPhase phase = PolicyPhase::kPostRouting;
  PolicyInheritance inheritance = PolicyInheritance::kDefault;
};

}  // namespace gatehouse::resource
