// The tables themselves, one text a family; see notation.h for how to read them and
// resources.md, appendices A and B, for where they come from.
#pragma once

#include <string_view>

namespace gatehouse::resource {

std::string_view gatewayTable(
);  // GatewayClass, Gateway, ListenerSet, ReferenceGrant, BackendTLSPolicy
std::string_view routeTable();    // HTTPRoute
std::string_view backendTable();  // AgentgatewayBackend
std::string_view policyTable();   // AgentgatewayPolicy, EnterpriseAgentgatewayPolicy
std::string_view sharedTable(
);  // what backends and policies have in common: connection, credentials
std::string_view guardTable(
);  // the same: prompt guards, MCP, rate limits, ext_auth, transformations
std::string_view parametersTable(
);  // AgentgatewayParameters, its enterprise twin, AgentgatewayModel
std::string_view coreTable(
);  // Secret, Service, ConfigMap, Namespace, ServiceAccount, EndpointSlice
std::string_view secretsTable();  // ExternalSecret, SecretStore, ClusterSecretStore

}  // namespace gatehouse::resource
