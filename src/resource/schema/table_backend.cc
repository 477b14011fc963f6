#include "resource/schema/tables.h"

namespace gatehouse::resource {

constinit const std::string_view kBackendTable = R"(
== AgentgatewayBackend agentgateway.dev/v1alpha1 ns ==
spec!: {}  // 1of(ai static dynamicForwardProxy mcp aws a2a); needs(policies.ai: ai); needs(policies.mcp: mcp)
  a2a: {host!:str256, port!:port}
  ai: {}  // 1of(provider groups)
    # In order of priority: a later group is used when every provider of the earlier ones is out
    groups: [{}]1..8
      providers!: [{}]1..16 key=name // together(host port); customTarget; <=1of(path pathPrefix); needs(pathPrefix: host); 1of(openai azureopenai azure anthropic gemini vertexai bedrock custom)
        anthropic: {model:str256}
        azure: @AzureProvider
        azureopenai: @AzureOpenAIProvider
        bedrock: @BedrockProvider
        custom: @CustomProvider
        gemini: {model:str256}
        host: host
        name!: dns
        openai: @OpenAIProvider
        path: urltarget
        pathPrefix: urlpath
        policies: {}  // >=1of(ai auth health http tcp tls transformation tunnel)
          ai: @BackendAI
          auth: @BackendAuth
          health: @BackendHealth
          http: @BackendHTTP
          tcp: @BackendTCP
          tls: @BackendTLS
          transformation: @Transformation
          tunnel: @Tunnel
        port: port
        vertexai: @VertexProvider
    provider: {}  // together(host port); customTarget; <=1of(path pathPrefix); needs(pathPrefix: host); 1of(openai azureopenai azure anthropic gemini vertexai bedrock custom)
      anthropic: {model:str256}
      azure: @AzureProvider
      azureopenai: @AzureOpenAIProvider
      bedrock: @BedrockProvider
      custom: @CustomProvider
      gemini: {model:str256}
      # Replaces the provider's own host; drops its TLS too, unless policies.tls says otherwise
      host: host
      # Any server that speaks the OpenAI API
      openai: @OpenAIProvider
      path: urltarget
      # Replaces /v1 before the path of the dialect
      pathPrefix: urlpath
      port: port
      vertexai: @VertexProvider
  aws: {agentCore:{agentRuntimeArn!:str, qualifier:str}} [1of(agentCore)]
  dynamicForwardProxy: empty
  mcp: {}
    failureMode: FailClosed|FailOpen
    prefixMode: Always|Conditional|Never
    sessionRouting: Stateful|Stateless
    targets!: [{}]1..128 key=name  // 1of(selector static)
      name!: dns
      selector: {}  // >=1of(namespaces services)
        namespaces: @LabelSelector
        services: @LabelSelector
      static: {}  // excludes(backendRef: policies); 1of(host backendRef)
        backendRef: {name:str=""}
        host: host
        path: urltarget
        policies: {}
          auth: @BackendAuth
          http: @BackendHTTP
          tcp: @BackendTCP
          tls: @BackendTLS
          tunnel: @Tunnel
        port!: port
        protocol: SSE|StreamableHTTP
  policies: @BackendPolicies
  static: {}  // 1of(unixPath host); together(host port)
    host: host
    port: port
    unixPath: str(1..)

@AzureOpenAIProvider = {apiVersion:str64, deploymentName:str256, endpoint!:str256} [azureDeployment]
@AzureProvider // foundryProject
  apiVersion: str64
  model: str256
  projectName: str256
  resourceName!: str256
  resourceType!: Foundry|OpenAI
@BedrockProvider = {guardrail:{identifier!:str256, version!:str256}, model:str256, region:region="us-east-1"}
@CustomProvider // customBackendKind
  backendRef: @LocalBackendRef
  formats!: [{path:abspath, type!:AnthropicTokenCount|Completions|Embeddings|Messages|Realtime|Rerank|Responses}]1..6 key=type
  model: str256
@OpenAIProvider
  # Sent upstream in place of the client's
  model: str256
  moderation: @Moderation
@Moderation = {model:str256="omni-moderation-latest", policy:@ModerationPolicy}
@ModerationPolicy = {input:{mode!:Block|Score}, output:{mode!:Block|Score}}
@VertexProvider = {model:str256, projectId!:str64, region:str64="global"}
)";

}  // namespace gatehouse::resource
