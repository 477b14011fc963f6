// The passes, in the order of compile.cc. Each fills its part of the draft from the resources and
// from what earlier passes made.
#pragma once

#include "compile/draft.h"

namespace gatehouse::compile {

/// Which Gateways are ours; GatewayClass status.
void passGateways(Draft& draft);
/// What of the objects is accepted and has no effect yet; status of kinds nothing acts on.
void passEffects(Draft& draft);
/// Protocols, kinds of routes, conflicts within a Gateway.
void passListeners(Draft& draft);
/// Server certificates of HTTPS listeners.
void passCertificates(Draft& draft);
/// Where each port of a Gateway is bound.
void passAddresses(Draft& draft);
/// Credentials of backends.
void passSecrets(Draft& draft);
/// Which BackendTLSPolicy counts for what, and what it says.
void passTlsPolicies(Draft& draft);
/// Which policies say through which proxies backends and Services are reached.
void passTunnelPolicies(Draft& draft);
/// AgentgatewayBackends.
void passBackends(Draft& draft);
/// Which listeners take which routes, under which hostnames.
void passRoutes(Draft& draft);
/// backendRefs of rules, with grants; Services.
void passReferences(Draft& draft);
/// Filters of rules and backendRefs.
void passFilters(Draft& draft);
/// Matches and time limits of rules.
void passRules(Draft& draft);
/// What policies say of the requests of routes (spec.traffic), and which of them lose.
void passTraffic(Draft& draft);
/// What policies for routes, listeners and Gateways say of the proxies to upstreams.
void passTunnels(Draft& draft);
/// What policies say of the ports of Gateways (spec.frontend), and which of them lose.
void passFrontend(Draft& draft);
/// Targets of policies and the Gateways they reach.
void passPolicies(Draft& draft);
/// Matches that no request reaches.
void passOrder(Draft& draft);
/// Certificates that Gateways show to upstreams.
void passClientCertificates(Draft& draft);
/// Conditions of Gateways, routes and backends.
void passStatus(Draft& draft);
/// The snapshot, checked.
void passVerify(Draft& draft);

}  // namespace gatehouse::compile
