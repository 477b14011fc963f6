#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kParametersTable = R"(
== AgentgatewayParameters agentgateway.dev/v1alpha1 ns ==
spec!: @ParametersSpec

== EnterpriseAgentgatewayParameters enterpriseagentgateway.solo.io/v1alpha1 ns ==
spec!: @ParametersSpec preserve

@ParametersSpec // overlayKinds
  daemonSet: @Overlay
  deployment: @Overlay
  env: [{}]
    name!: str
    value: str
    valueFrom: {}
      configMapKeyRef: @ConfigMapKeyRef
      fieldRef: {apiVersion:str, fieldPath!:str}
      fileKeyRef: {key!:str, optional:bool=false, path!:str, volumeName!:str}
      resourceFieldRef: {containerName:str, divisor:qty, resource!:str}
      secretKeyRef: @ConfigMapKeyRef
  horizontalPodAutoscaler: @Overlay
  image: {digest:str, pullPolicy:str, registry:str, repository:str, tag:str}
  istio: {additionalTrustDomains:[str], caAddress:str, clusterId:str, enabled:bool, network:str, trustDomain:str}
  logging: {format:json|text, level:str}
  modelCatalog: {sources:[{configMap:{key:str, name!:str(1..)}}]}
  podDisruptionBudget: @Overlay
  rawConfig: object
  resources: {}
    claims: [{name!:str, request:str}] key=name
    limits: map<qty>
    requests: map<qty>
  service: @Overlay
  serviceAccount: @Overlay
  shutdown: {max!:int(0..31536000), min!:int(0..31536000)} [shutdownOrder]
  spiffe: {}
    enabled: bool
    source: {csi:{driver:str}, hostPath:{path!:str(1..)}, mountPath:abspath, socketName:str} [<=1of(csi hostPath)]
  workload: {kind:DaemonSet|Deployment}
@Overlay = {metadata:{annotations:map<str>, labels:map<str>}, spec:object}

== AgentgatewayModel agentgateway.dev/v1alpha1 ns ==
spec!: {}  // 1of(provider virtualModel); needs(baseURL: provider); excludes(virtualModel: policies); modelProvider; virtualModel
  azure: @AzureModelProvider
  baseURL: httpurl
  bedrock: {guardrail:{identifier!:str256, version!:str256}, region:region="us-east-1"}
  custom: {}  // customBackendKind
    backendRef: @LocalBackendRef
    formats!: [{path:abspath, type!:AnthropicTokenCount|Completions|Embeddings|Messages|Realtime|Rerank|Responses}]1..6 key=type
  match: {model:wildcard}
  parentRefs!: [{}]1..16
    group: group ="gateway.networking.k8s.io"
    kind: kind ="Gateway"
    name!: str(1..253)
    namespace: ns
    port: port
    sectionName: dns
  policies: {}  // >=1of(auth authorization finalTransformations headers health promptGuard tls transformations tunnel)
    auth: {}  // <=1of(key secretRef passthrough aws azure gcp oauthTokenExchange); authLocation; plainTextKey
      aws: @AwsAuth
      azure: @AzureAuth
      credentials: [@Credentials]1..8
      gcp: @GcpAuth
      key: secret(..2048)
      location: @CredLocation
      oauthTokenExchange: @OauthTokenExchange
      passthrough: empty
      secretRef: @SecretKeyRef
    authorization: @CelAuthorization
    finalTransformations: [{expression!:cel, field!:str256}]1..64 key=field
    headers: @HeaderModifiers
    health: @BackendHealth
    promptGuard: @PromptGuard
    tls: @BackendTLS
    transformations: [{expression!:cel, field!:str256}]1..64 key=field
    tunnel: @Tunnel
  provider: Anthropic|Azure|Baseten|Bedrock|Cerebras|Cohere|Custom|Deepinfra|Deepseek|Fireworks|Gemini|Groq|Huggingface|Mistral|Ollama|OpenAI|Openrouter|TogetherAI|VertexAI|XAI
  vertexai: {projectId!:str64, region:str64="global"}
  virtualModel: {}  // 1of(weighted failover conditional)
    conditional: {targets!:[{model:str1k, modelRef!:{name:str=""}, when:cel}]1..64 [lastWithoutWhen]}
    failover: {targets!:[{model:str1k, modelRef!:{name:str=""}, priority!:int(0..1000000)}]1..64}
    weighted: {targets!:[{model:str1k, modelRef!:{name:str=""}, weight:int(1..1000000)=1}]1..64}
  visibility: Internal|Public ="Public"
@AzureModelProvider // foundryProject
  apiVersion: str64
  projectName: str256
  resourceName!: str256
  resourceType!: Foundry|OpenAI
)";

}  // namespace gatehouse::resource
