// BackendTLSPolicy: which one speaks for a Service or an AgentgatewayBackend, and what it comes to
// (Gateway API, BackendTLSPolicy; resources.md 3.7).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/draft.h"
#include "upstream/endpoint.h"

namespace gatehouse::compile {

/// Resolves the targets and certificates of every policy into `draft.tls_policies`, with findings.
void resolveTlsPolicies(Draft& draft);

/// TLS as the policy for exactly that section of the object says; an empty section is the whole
/// object. Null without one. A policy that cannot be used gives settings that trust nothing: its
/// connections must fail. So does, for the whole of an object without a policy, one that names a
/// section it does not have.
std::shared_ptr<const upstream::TlsSettings> findTlsPolicy(
    const Draft& draft, const resource::ObjectKey& target, std::string_view section
);

/// Of a policy, by the Gateways whose routes use its targets. References must be resolved.
resource::PolicyStatus reportTlsPolicy(const Draft& draft, const TlsPolicyDraft& policy);

}  // namespace gatehouse::compile
