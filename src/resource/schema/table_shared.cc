#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kSharedTable = R"(
@BackendPolicies // >=1of(ai auth extAuth health http mcp tcp tls transformation tunnel)
  ai: @BackendAI
  auth: @BackendAuth
  extAuth: @ExtAuth
  health: @BackendHealth
  http: @BackendHTTP
  mcp: @BackendMCP
  tcp: @BackendTCP
  tls: @BackendTLS
  transformation: @Transformation
  tunnel: @Tunnel

@BackendHTTP = {requestTimeout:dur(1ms..), version:HTTP1|HTTP2}
@BackendTCP = {connectTimeout:dur(100ms..), keepalive:@Keepalive}
@Keepalive = {interval:dur(1s..), retries:int(1..64), time:dur(1s..)}
@BackendHealth = {eviction:@Eviction, unhealthyCondition:cel}
@Eviction
  consecutiveFailures: int(0..)
  duration: dur(1s..) ="3s"
  healthThreshold: int(0..100)
  restoreHealth: int(0..100)
@Tunnel = {backendRef:@PolicyBackendRef, url:httpurl} [1of(backendRef url); urlWithoutPath]

# TLS to the upstream; present and empty: system roots, the upstream's own name
@BackendTLS // <=1of(verifySubjectAltNames insecureSkipVerify); tlsVerification
  alpnProtocols: [str64]1..16
  caCertificateRefs: [{kind:ConfigMap|Secret="ConfigMap", name!:str(1..253)}]..1
  certificateSource: Inline|SPIFFE ="Inline"
  insecureSkipVerify: All|Hostname
  keyExchangeGroups: [P-256|P-384|X25519|X25519_MLKEM768]
  mtlsCertificateRef: [@SecretName]..1
  # Name sent in the handshake and, without verifySubjectAltNames, verified
  sni: dns
  verifySubjectAltNames: [str256]1..16

@BackendAuth // <=1of(secretRef key passthrough aws azure gcp oauthTokenExchange crossAppAccess jwtSign); authLocation; plainTextKey
  aws: @AwsAuth
  azure: @AzureAuth
  credentials: [@Credentials]1..8
  crossAppAccess: @CrossAppAccess
  gcp: @GcpAuth
  jwtSign: @JwtSign
  key: secret(..2048)
  location: @CredLocation
  oauthTokenExchange: @OauthTokenExchange
  passthrough: empty
  secretRef: @SecretKeyRef

@SecretKeyRef = {group:str, key:str(1..253), kind:str, name!:str(1..253)} [together(group kind)]
@SecretName = {group:str, kind:str, name!:str(1..253)} [together(group kind)]
@ConfigMapKeyRef = {key!:str, name:str="", optional:bool}
@Credentials = {location!:@CredLocation, secretRef!:@SecretKeyRef}
@CredLocation // 1of(header queryParameter cookie)
  cookie: {name!:str256}
  header: {name!:hdr, prefix:str256}
  queryParameter: {name!:str256}
@CredSource // 1of(header queryParameter cookie expression)
  cookie: {name!:str256}
  expression: cel
  header: {name!:hdr, prefix:str256}
  queryParameter: {name!:str256}

@AwsAuth // <=1of(secretRef assumeRole)
  assumeRole: @AssumeRole
  region: str256
  secretRef: @SecretName
  serviceName: str256
@AssumeRole // <=1of(sessionName sessionNameExpression)
  roleArn!: roleArn
  sessionName: sessionName
  sessionNameExpression: cel
  tags: [{expression:cel, key!:str(1..128), value:str(..256)} [1of(value expression)]]..50 key=key
@AzureAuth // <=1of(secretRef managedIdentity workloadIdentity)
  managedIdentity: {clientId:str, objectId:str, resourceId:str} [<=1of(clientId objectId resourceId)]
  secretRef: @SecretName
  workloadIdentity: empty
@GcpAuth = {audience:str256, secretRef:@SecretKeyRef, type:AccessToken|IdToken} [gcpAudience]
@JwtSign
  alg: ES256|ES384|PS256|RS256|RS384|RS512
  claims: map<any>
  kid: str
  location: @CredLocation
  signingKeyRef!: @SecretName
  ttl: dur(1s..)

@OauthTokenExchange // tokenExchange; excludes(url: path); 1of(backendRef url)
  actorToken: {mayAct:"Required", source!:@CredSource, tokenType:str} [actorToken]
  additionalParams: map<cel>..64
  audiences: [str256]1..64
  backendRef: @PolicyBackendRef
  cache: @TokenCache
  clientAuth: @ClientAuth
  grantType: JwtBearer|TokenExchange
  location: @CredLocation
  path: abspath
  requestedTokenType: AccessToken|Jwt|IdToken|IdJag
  resources: [str]1..64
  scopes: [str]1..64
  subjectToken: {source:@CredSource, tokenType:str}
  url: httpurl
@CrossAppAccess
  accessTokenScopes: [str]..64
  audience!: str256
  cache: @TokenCache
  identityProvider!: @IdentityProvider
  resourceAuthorizationServer!: @IdentityProvider
  resources: [str]1..64
  scopes: [str]1..64
  subjectToken: {source:@CredSource, tokenType:str} [noIdJag]
@TokenCache = {inMemory:{defaultTtl:dur(1s..), maxEntries:int}}
@IdentityProvider // excludes(url: path); 1of(backendRef url)
  backendRef: @PolicyBackendRef
  clientAuth!: @ClientAuth
  path: abspath
  url: httpurl
@ClientAuth // clientAuth
  clientId!: str(1..)
  method: ClientSecretBasic|ClientSecretPost|PrivateKeyJwt
  privateKeyJwt: @PrivateKeyJwt
  secretRef: @SecretKeyRef
@PrivateKeyJwt // together(certificateRef certificateHeader)
  alg: ES256|ES384|PS256|RS256|RS384|RS512
  assertionAudience!: str(1..)
  certificateHeader: x5c|x5t#S256
  certificateRef: @SecretKeyRef
  kid: str
  signingKeyRef!: @SecretKeyRef
@Jwks // needs(backendRef: jwksPath); excludes(url: jwksPath); 1of(backendRef url)
  backendRef: @PolicyBackendRef
  cacheDuration: dur(5m..) ="5m"
  jwksPath: str1k
  url: httpurl

@PolicyBackendRef // portWhenService
  group: group =""
  kind: kind ="Service"
  name!: str(1..253)
  namespace: ns
  port: port
@LocalBackendRef // portWhenService
  group: group =""
  kind: kind ="Service"
  name!: str(1..253)
  port: port
)";

}  // namespace gatehouse::resource
