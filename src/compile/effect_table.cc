// A line gives a field its effect: + active, = a pass reports it, - no effect yet, ! no effect yet
// and it guards something. `a.{b c}` is two fields; `unless V` says which value asks for nothing;
// `> path @Group` puts the fields of a group below a path. Active fields are named one by one, so
// that a field that is new in a schema has no effect until somebody says so here.
#include "compile/effect.h"

namespace gatehouse::compile {

constinit const std::string_view kEffects = R"(
== @Auth
+ key
+ location.header.{name prefix}
+ location.queryParameter.name
+ location.cookie.name
+ secretRef.{group key kind name}
+ credentials.location.header.{name prefix}
+ credentials.location.queryParameter.name
+ credentials.location.cookie.name
+ credentials.secretRef.{group key kind name}
= aws
= azure
= crossAppAccess
= gcp
= jwtSign
= oauthTokenExchange
= passthrough

== @BackendPolicies
> auth @Auth
+ tls.{certificateSource insecureSkipVerify sni verifySubjectAltNames}
+ tls.caCertificateRefs.{kind name}
+ tls.mtlsCertificateRef.{group name}
# Other kinds are looked for among Secrets.
! tls.mtlsCertificateRef.kind unless Secret
+ tls.alpnProtocols
+ tls.keyExchangeGroups
+ http.requestTimeout
+ http.version
+ tcp.connectTimeout
+ tcp.keepalive.{interval retries time}
+ ai.routes
! ai.promptGuard
- ai.{defaults finalTransformations modelAliases overrides prompt promptCaching transformations}
- health
- transformation
+ tunnel.url
+ tunnel.backendRef.{group kind name namespace port}

== @Provider
+ {host path pathPrefix port}
+ anthropic.model
+ openai.model
! openai.moderation
= {azure azureopenai bedrock custom gemini vertexai}

== AgentgatewayBackend
= spec.{a2a aws dynamicForwardProxy mcp}
> spec.ai.provider @Provider
> spec.ai.groups.providers @Provider
+ spec.ai.groups.providers.name
> spec.ai.groups.providers.policies @BackendPolicies
> spec.policies @BackendPolicies
! spec.policies.extAuth
! spec.policies.mcp
+ spec.static.{host port unixPath}

== AgentgatewayPolicy EnterpriseAgentgatewayPolicy
+ spec.targetRefs.{group kind name port sectionName}
+ spec.targetSelectors.{group kind matchLabels port sectionName}
- spec.strategy.inheritance unless Default
+ spec.frontend.proxyProtocol.{mode version}
- spec.frontend.{accessLog connect http metrics tracing}
+ spec.frontend.tcp.keepalive.{interval retries time}
+ spec.frontend.tls.{alpnProtocols cipherSuites handshakeTimeout keyExchangeGroups}
+ spec.frontend.tls.{maxProtocolVersion minProtocolVersion}
! spec.frontend.networkAuthorization
! spec.traffic.{apiKeyAuthentication authorization basicAuthentication csrf}
! spec.traffic.{extAuth extProc jwtAuthentication rateLimit}
- spec.traffic.{buffer cors delay directResponse headerModifiers hostRewrite}
- spec.traffic.{timeouts transformation}
+ spec.traffic.retry.{attempts backoff codes}
= spec.traffic.retry.{condition precondition}
# Says when the sections beside it act.
= spec.traffic.phase
! spec.backend.{auth extAuth tls}
+ spec.backend.tunnel.url
+ spec.backend.tunnel.backendRef.{group kind name namespace port}
- spec.backend.{health http tcp transformation}
! spec.backend.mcp.{authentication authorization guardrails}
! spec.backend.ai.promptGuard
- spec.backend.ai.{defaults finalTransformations modelAliases overrides prompt promptCaching}
- spec.backend.ai.{routes transformations}

# A model that is not routed is a route that is not there.
== AgentgatewayModel
! spec

== AgentgatewayParameters EnterpriseAgentgatewayParameters
- spec

== GatewayClass
+ spec.{controllerName description}
+ spec.parametersRef.{group kind name namespace}

== @Listener
+ {name port protocol hostname}
+ tls.mode
+ tls.certificateRefs.{group kind name namespace}
! tls.options
+ allowedRoutes.namespaces.from
+ allowedRoutes.namespaces.selector.matchLabels
+ allowedRoutes.namespaces.selector.matchExpressions.{key operator values}
+ allowedRoutes.kinds.{group kind}

== Gateway
+ spec.gatewayClassName
> spec.listeners @Listener
+ spec.addresses.{type value}
+ spec.allowedListeners.namespaces.from
+ spec.allowedListeners.namespaces.selector.matchLabels
+ spec.allowedListeners.namespaces.selector.matchExpressions.{key operator values}
# For objects a controller makes; outside a cluster there are none to carry them.
+ spec.infrastructure.{labels annotations}
+ spec.infrastructure.parametersRef.{group kind name}
+ spec.tls.backend.clientCertificateRef.{group kind name namespace}
+ spec.tls.frontend.default.validation.mode
+ spec.tls.frontend.default.validation.caCertificateRefs.{group kind name namespace}
+ spec.tls.frontend.perPort.port
+ spec.tls.frontend.perPort.tls.validation.mode
+ spec.tls.frontend.perPort.tls.validation.caCertificateRefs.{group kind name namespace}

== ListenerSet
+ spec.parentRef.{group kind name namespace}
> spec.listeners @Listener

== @HttpFilter
+ type
+ requestHeaderModifier.set.{name value}
+ requestHeaderModifier.add.{name value}
+ requestHeaderModifier.remove
+ responseHeaderModifier.set.{name value}
+ responseHeaderModifier.add.{name value}
+ responseHeaderModifier.remove
+ requestRedirect.{scheme hostname port statusCode}
+ requestRedirect.path.{type replaceFullPath replacePrefixMatch}
+ urlRewrite.hostname
+ urlRewrite.path.{type replaceFullPath replacePrefixMatch}
+ cors.{allowOrigins allowMethods allowHeaders exposeHeaders allowCredentials maxAge}
+ requestMirror.backendRef.{group kind name namespace port}
+ requestMirror.fraction.{numerator denominator}
+ requestMirror.percent
= extensionRef

== HTTPRoute
+ spec.parentRefs.{group kind namespace name sectionName port}
+ spec.hostnames
+ spec.rules.name
+ spec.rules.matches.path.{type value}
+ spec.rules.matches.headers.{name type value}
+ spec.rules.matches.queryParams.{name type value}
+ spec.rules.matches.method
> spec.rules.filters @HttpFilter
+ spec.rules.backendRefs.{group kind name namespace port weight}
> spec.rules.backendRefs.filters @HttpFilter
+ spec.rules.timeouts.{request backendRequest}
+ spec.rules.retry.{codes attempts backoff}
- spec.rules.sessionPersistence

== ReferenceGrant
+ spec.from.{group kind namespace}
+ spec.to.{group kind name}

== BackendTLSPolicy
+ spec.targetRefs.{group kind name sectionName}
+ spec.validation.{hostname wellKnownCACertificates}
+ spec.validation.caCertificateRefs.{group kind name}
+ spec.validation.subjectAltNames.{type hostname uri}
- spec.options

== ExternalSecret SecretStore ClusterSecretStore
= spec
)";

}  // namespace gatehouse::compile
