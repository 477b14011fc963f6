#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kPolicyTable = R"(
== AgentgatewayPolicy agentgateway.dev/v1alpha1 ns ==
spec!: @PolicySpec

== EnterpriseAgentgatewayPolicy enterpriseagentgateway.solo.io/v1alpha1 ns ==
spec!: @PolicySpec preserve

@PolicySpec // 1of(targetRefs targetSelectors); >=1of(frontend traffic backend); policyTargets; excludes(traffic.jwtAuthentication: backend.mcp.authentication); inheritanceNeedsTraffic
  backend: @BackendPolicies
  frontend: {}  // >=1of(accessLog connect http metrics networkAuthorization proxyProtocol tcp tls tracing)
    accessLog: {}
      attributes: @LogAttributes
      filter: cel
      otlp: {}  // otlpPath; 1of(backendRef url)
        attributes: @LogAttributes
        backendRef: @PolicyBackendRef
        filter: cel
        path: abspath
        protocol: GRPC|HTTP ="GRPC"
        url: httpurl
    connect: {mode!:Deny|Route|Tunnel}
    http: {}  // >=1of(http1HeaderCase http1IdleTimeout http1MaxHeaders http2ConnectionWindowSize http2FrameSize http2KeepaliveInterval http2KeepaliveTimeout http2MaxHeaderSize http2WindowSize maxBufferSize maxConnectionDuration)
      http1HeaderCase: Lowercase|Preserve
      http1IdleTimeout: dur(1s..)
      http1MaxHeaders: int(1..4096)
      http2ConnectionWindowSize: qty32
      http2FrameSize: qty32(16384..1677215)
      http2KeepaliveInterval: dur(1s..)
      http2KeepaliveTimeout: dur(1s..)
      http2MaxHeaderSize: qty32
      http2WindowSize: qty32
      maxBufferSize: qty32
      maxConnectionDuration: dur(1s..)
    metrics: {attributes!:{add:[{expression!:cel, name!:str256}]1..16 key=name} [>=1of(add)]}
    networkAuthorization: @CelAuthorization
    proxyProtocol: {mode:Optional|Strict="Strict", version:All|V1|V2="V2"}
    tcp: {keepalive:@Keepalive} [>=1of(keepalive)]
    tls: {}  // >=1of(alpnProtocols cipherSuites handshakeTimeout keyExchangeGroups maxProtocolVersion minProtocolVersion)
      alpnProtocols: [str64]1..16
      cipherSuites: [TLS13_AES_128_GCM_SHA256|TLS13_AES_256_GCM_SHA384|TLS13_CHACHA20_POLY1305_SHA256|TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256|TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384|TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256|TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256|TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384|TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]
      handshakeTimeout: dur(100ms..)
      keyExchangeGroups: [P-256|P-384|X25519|X25519_MLKEM768]
      maxProtocolVersion: 1.2|1.3
      minProtocolVersion: 1.2|1.3
    tracing: {}  // otlpPath; 1of(backendRef url)
      attributes: @LogAttributes
      backendRef: @PolicyBackendRef
      clientSampling: cel
      filter: cel
      path: abspath
      protocol: GRPC|HTTP ="GRPC"
      # CEL that gives true, false or a share from 0 to 1
      randomSampling: cel
      resources: [{expression!:cel, name!:str256}]
      url: httpurl
  strategy: {inheritance:Default|Override}
  targetRefs: [{}]1..16 [targetKinds] // <=1of(sectionName port)
    group!: group
    kind!: kind
    name!: str(1..253)
    port: port
    sectionName: dns
  targetSelectors: [{}]1..16 [targetKinds] // <=1of(sectionName port)
    group!: group
    kind!: kind
    matchLabels!: map<str>
    port: port
    sectionName: dns
  traffic: {}  // preRoutingFields
    apiKeyAuthentication: {}  // 1of(secretRef secretSelector configMapSelector)
      configMapSelector: {matchLabels!:map<str>}
      location: @CredSource
      mode: Optional|Permissive|Strict ="Strict"
      secretRef: @SecretName
      secretSelector: {matchLabels!:map<str>}
    authorization: @CelAuthorization
    basicAuthentication: {}  // 1of(users secretRef)
      location: @CredSource
      mode: Optional|Strict ="Strict"
      realm: str
      secretRef: @SecretKeyRef
      users: [secret]1..256
    buffer: {}  // >=1of(request response)
      request: {failureMode:FailClosed|FailOpen, maxBytes:qty32}
      response: {failureMode:FailClosed|FailOpen, maxBytes:qty32}
    cors: @Cors
    csrf: {additionalOrigins:[str256]1..16}
    delay: {duration!:cel}
    directResponse: {}  // 1of(status conditional); alone(conditional); <=1of(body bodyExpression)
      body: str(1..4096)
      bodyExpression: cel
      conditional: [{}]1..16 [lastUnconditional]
        condition: cel
        policy!: {}  // <=1of(body bodyExpression)
          body: str(1..4096)
          bodyExpression: cel
          headers: [{name!:hdr, value!:cel}]1..16 key=name
          status!: int(200..599)
      headers: [{name!:hdr, value!:cel}]1..16 key=name
      status: int(200..599)
    extAuth: {}  // 1of(backendRef url conditional); 1of(grpc http conditional); alone(conditional); excludes(forwardBody: http.body); urlPathNeedsHttp
      backendRef: @PolicyBackendRef
      cache: @ExtAuthCache
      conditional: [{}]1..16 [lastUnconditional]
        condition: cel
        policy!: {}  // 1of(backendRef url); 1of(grpc http); excludes(forwardBody: http.body); urlPathNeedsHttp
          backendRef: @PolicyBackendRef
          cache: @ExtAuthCache
          failureMode: FailClosed|FailOpen
          forwardBody: {maxSize!:qty32}
          grpc: {contextExtensions:map<str>..64, requestMetadata:map<cel>..64}
          http: @ExtAuthHTTP
          url: httpurl
      failureMode: FailClosed|FailOpen
      forwardBody: {maxSize!:qty32}
      grpc: {contextExtensions:map<str>..64, requestMetadata:map<cel>..64}
      http: @ExtAuthHTTP
      url: httpurl
    extProc: {}  // 1of(backendRef url conditional); urlWithoutPath; alone(conditional)
      backendRef: @PolicyBackendRef
      conditional: [{}]1..16 [lastUnconditional]
        condition: cel
        policy!: {}  // 1of(backendRef url); urlWithoutPath
          backendRef: @PolicyBackendRef
          failureMode: FailClosed|FailOpen
          metadataContext: map<map<cel>>..64
          processingOptions: @ProcessingOptions
          requestAttributes: map<cel>..64
          responseAttributes: map<cel>..64
          url: httpurl
      failureMode: FailClosed|FailOpen
      metadataContext: map<map<cel>>..64
      processingOptions: @ProcessingOptions
      requestAttributes: map<cel>..64
      responseAttributes: map<cel>..64
      url: httpurl
    headerModifiers: @HeaderModifiers
    hostRewrite: {mode!:Auto|None}
    jwtAuthentication: {}  // jwtMcp
      location: @CredSource
      mcp: {clientId:str, provider:Auth0|Authentik|Descope|Entra|Keycloak|Okta, resourceMetadata:map<any>}
      mode: Optional|Permissive|Strict ="Strict"
      providers!: [{}]1..64
        audiences: [str]1..64
        issuer!: str256
        jwks!: {}  // 1of(remote inline)
          inline: str(2..65536)
          remote: @Jwks
    phase: PostRouting|PreRouting
    rateLimit: {}  // >=1of(conditional global local); alone(conditional)
      conditional: [{}]1..16 [lastUnconditional]
        condition: cel
        policy!: {}  // >=1of(global local)
          global: @GlobalRL
          local: [@LocalRL]1..16
      global: @GlobalRL
      local: [@LocalRL]1..16
    retry: {attempts:int(1..), backoff:dur, codes:[int(400..599)], condition:cel, precondition:cel}
    timeouts: {request:dur(1ms..)} [>=1of(request)]
    transformation: {}  // >=1of(conditional request response); alone(conditional)
      conditional: [{}]1..16 [lastUnconditional]
        condition: cel
        policy!: @Transformation
      request: @HTTPTransform
      response: @HTTPTransform
)";

}  // namespace gatehouse::resource
