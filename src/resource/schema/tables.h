// The tables themselves, one text a family; see notation.h for how to read them and resources.md,
// appendices A and B, for where they come from.
#pragma once

#include <string_view>

namespace gatehouse::resource {

/// GatewayClass, Gateway, ListenerSet, ReferenceGrant, BackendTLSPolicy.
extern const std::string_view kGatewayTable;
/// HTTPRoute.
extern const std::string_view kRouteTable;
/// AgentgatewayBackend.
extern const std::string_view kBackendTable;
/// AgentgatewayPolicy, EnterpriseAgentgatewayPolicy.
extern const std::string_view kPolicyTable;
/// What backends and policies have in common: connection, credentials.
extern const std::string_view kSharedTable;
/// The same: prompt guards, MCP, rate limits, ext_auth, transformations.
extern const std::string_view kGuardTable;
/// AgentgatewayParameters, its enterprise twin, AgentgatewayModel.
extern const std::string_view kParametersTable;
/// Secret, Service, ConfigMap, Namespace, ServiceAccount, EndpointSlice.
extern const std::string_view kCoreTable;
/// ExternalSecret, SecretStore, ClusterSecretStore.
extern const std::string_view kSecretsTable;

}  // namespace gatehouse::resource
