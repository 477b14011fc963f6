#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kGuardTable = R"(
@BackendAI // >=1of(defaults finalTransformations modelAliases overrides prompt promptCaching promptGuard routes transformations)
  defaults: [{field!:str256, value!:any}]1..64
  finalTransformations: [{expression!:cel, field!:str256}]1..64 key=field
  modelAliases: map<str>..64
  overrides: [{field!:str256, value!:any}]1..64
  prompt: {append:[{content!:str, role!:str}], prepend:[{content!:str, role!:str}]}
  promptCaching: {cacheMessageOffset:int(0..)=0, cacheMessages:bool=true, cacheSystem:bool=true, cacheTools:bool=false, minTokens:int(0..)=1024}
  promptGuard: @PromptGuard
  # Path suffix -> dialect
  routes: map<AnthropicTokenCount|Completions|Detect|Embeddings|GeminiCountTokens|GenerateContent|Messages|Models|Passthrough|Realtime|Rerank|Responses>
  transformations: [{expression!:cel, field!:str256}]1..64 key=field

@PromptGuard // >=1of(request response)
  request: [@ReqGuard]1..8
  response: [@RespGuard]1..8
  streaming: "Enabled"
@ReqGuard // guardScope; 1of(regex webhook openAIModeration bedrockGuardrails googleModelArmor)
  bedrockGuardrails: @BedrockGuardrails
  googleModelArmor: @GoogleModelArmor
  openAIModeration: {model:str, policies:@AuxPoliciesOpenAI}
  regex: @Regex
  response: @Rejection
  scope: [Messages|SystemPrompt|ToolInput|ToolOutput]1..4
  webhook: @Webhook
@RespGuard // 1of(regex webhook bedrockGuardrails googleModelArmor)
  bedrockGuardrails: @BedrockGuardrails
  googleModelArmor: @GoogleModelArmor
  regex: @Regex
  response: @Rejection
  webhook: @Webhook
@Rejection = {message:str="The request was rejected due to inappropriate content", statusCode:int(200..599)=403} [>=1of(message statusCode)]
@Regex = {action:Mask|Reject="Mask", builtins:[CaSin|CreditCard|Email|PhoneNumber|Ssn], matches:[str1k]}
@Webhook
  backendRef!: @PolicyBackendRef
  failureMode: FailClosed|FailOpen
  forwardHeaderMatches: [{name!:hdr, type:Exact|RegularExpression="Exact", value!:str(1..4096)}]
  headers: map<cel>..64
@BedrockGuardrails
  identifier!: str256
  policies: @AuxPoliciesBedrock
  region!: str256
  version!: str256
@GoogleModelArmor
  location: str256 ="us-central1"
  policies: @AuxPoliciesGCP
  projectId!: str256
  templateId!: str256
@AuxPoliciesBedrock // >=1of(auth http tcp tls tunnel)
  auth: {aws:@AwsAuth, key:secret(..2048), location:@CredLocation, secretRef:@SecretKeyRef} [1of(key secretRef aws); authLocation; plainTextKey]
  http: @BackendHTTP
  tcp: @BackendTCP
  tls: @BackendTLS
  tunnel: @Tunnel
@AuxPoliciesGCP // >=1of(auth http tcp tls tunnel)
  auth: {gcp:@GcpAuth} [1of(gcp)]
  http: @BackendHTTP
  tcp: @BackendTCP
  tls: @BackendTLS
  tunnel: @Tunnel
@AuxPoliciesOpenAI // >=1of(auth http tcp tls tunnel)
  auth: {key:secret(..2048), location:@CredLocation, secretRef:@SecretKeyRef} [1of(key secretRef); plainTextKey]
  http: @BackendHTTP
  tcp: @BackendTCP
  tls: @BackendTLS
  tunnel: @Tunnel

@BackendMCP // >=1of(authentication authorization guardrails)
  authentication: @McpAuthentication
  authorization: @CelAuthorization
  guardrails: {processors!:[@McpGuardProcessor]1..16}
@McpAuthentication
  audiences: [str]1..64
  clientId: str
  clientSecretRef: @SecretKeyRef
  issuer: str256
  jwks!: @Jwks
  mode: Optional|Permissive|Strict ="Strict"
  provider: Auth0|Authentik|Descope|Entra|Keycloak|Okta
  resourceMetadata: map<any>
@McpGuardProcessor // 1of(remote)
  methods!: map<Full|Off|Request|Response>1..64 [wildcardKeys]
  remote: @McpGuardRemote
@McpGuardRemote // urlWithoutPath; 1of(backendRef url)
  allowedRequestHeaders: [hdrOrPseudo]..64
  backendRef: @PolicyBackendRef
  disallowedRequestHeaders: [hdrOrPseudo]..64
  failureMode: FailClosed|FailOpen
  metadata: map<cel>..64
  url: httpurl

@CelAuthorization = {action:Allow|Deny|Require="Allow", policy!:{matchExpressions!:[cel]1..256}}
@LogAttributes = {add:[{expression!:cel, name!:str256}]1.., remove:[str64]1..32} [>=1of(add remove)]
@ExtAuth // 1of(backendRef url); excludes(forwardBody: http.body); urlPathNeedsHttp
  backendRef: @PolicyBackendRef
  cache: @ExtAuthCache
  failureMode: FailClosed|FailOpen
  forwardBody: {maxSize!:qty32}
  grpc: {contextExtensions:map<str>..64, requestMetadata:map<cel>..64}
  http: @ExtAuthHTTP
  url: httpurl
@ExtAuthCache = {key!:[cel]1..16, maxEntries:int(1..), ttl!:cel}
@ExtAuthHTTP
  addRequestHeaders: map<cel>..64
  allowedRequestHeaders: [str256]..64
  allowedResponseHeaders: [str256]..64
  body: cel
  path: cel
  redirect: cel
  responseMetadata: map<cel>..64
@GlobalRL // urlWithoutPath; 1of(backendRef url)
  backendRef: @PolicyBackendRef
  descriptors!: [{cost:cel, entries!:[{expression!:cel, name!:str64}]1..16, limitOverride:cel, unit:Requests|Tokens}]1..16
  domain!: str256
  failureMode: FailClosed|FailOpen
  url: httpurl
@LocalRL = {burst:int(0..), requests:int(1..), tokens:int(1..), unit!:Hours|Minutes|Seconds} [1of(requests tokens)]
@HeaderModifiers = {request:@HeaderMod, response:@HeaderMod} [>=1of(request response)]
@Transformation = {request:@HTTPTransform, response:@HTTPTransform} [>=1of(request response)]
@HTTPTransform // >=1of(add body metadata remove set)
  add: [{name!:hdrOrPseudo, value!:cel}]1..16 key=name
  body: cel
  metadata: map<cel>1..16
  remove: [hdrOrPseudo]1..16
  set: [{name!:hdrOrPseudo, value!:cel}]1..16 key=name
@ProcessingOptions
  allowModeOverride: bool =false
  requestBodyMode: Buffered|BufferedPartial|FullDuplexStreamed|None ="FullDuplexStreamed"
  requestHeaderMode: Send|Skip ="Send"
  requestTrailerMode: Send|Skip ="Send"
  responseBodyMode: Buffered|BufferedPartial|FullDuplexStreamed|None ="FullDuplexStreamed"
  responseHeaderMode: Send|Skip ="Send"
  responseTrailerMode: Send|Skip ="Send"
)";

}  // namespace gatehouse::resource
