#include "telemetry/attributes.h"

#include <array>
#include <utility>

namespace gatehouse::telemetry {
namespace {

using enum Attribute;

/// One name in the log and as a label, in both sets.
constexpr AttributeNames everywhere(
    Attribute attribute, std::string_view name, std::string_view otel, std::string_view meaning
) {
  return {attribute, name, name, name, name, otel, meaning};
}
/// A log key of both sets.
constexpr AttributeNames inLog(
    Attribute attribute, std::string_view key, std::string_view otel, std::string_view meaning
) {
  return {attribute, key, key, "", "", otel, meaning};
}
/// A log key of our own set only.
constexpr AttributeNames inOurLog(
    Attribute attribute, std::string_view key, std::string_view otel, std::string_view meaning
) {
  return {attribute, key, "", "", "", otel, meaning};
}
/// A label of our own metrics only.
constexpr AttributeNames asLabel(
    Attribute attribute, std::string_view label, std::string_view meaning
) {
  return {attribute, "", "", label, "", "", meaning};
}

// Rows in full: attribute, log, log_agentgateway, label, label_agentgateway, otel, meaning.
constexpr std::array<AttributeNames, kAttributeCount> kTable = {{
    inLog(kTime, "time", "", "when the request head was complete, RFC 3339 UTC"),
    inLog(kLevel, "level", "", "info, or warn when the request failed on our side or upstream's"),
    inLog(kMessage, "msg", "", "always \"request\""),
    inLog(kRequestId, "request.id", "", "13 characters, ordered by time; also sent to the client"),
    everywhere(kGateway, "gateway", "gatehouse.gateway", "namespace/name of the Gateway"),
    everywhere(kListener, "listener", "gatehouse.listener", "name of the listener"),
    everywhere(kRouteRule, "route_rule", "gatehouse.rule", "name or index of the rule"),
    everywhere(kRoute, "route", "gatehouse.route", "namespace/name of the route"),
    everywhere(
        kBackend,
        "backend",
        "gatehouse.backend",
        "namespace/name of the backend that answered, or was asked last"
    ),
    inLog(
        kEndpoint, "endpoint", "gatehouse.endpoint", "host:port that answered, or was asked last"
    ),
    inLog(kSourceAddress, "src.addr", "client.address", "address and port of the client"),
    inLog(
        kSourceIdentity,
        "src.identity",
        "gatehouse.source.identity",
        "identity of the client's certificate"
    ),
    {kMethod,
     "http.method",
     "http.method",
     "method",
     "method",
     "http.request.method",
     "request method; as a label _OTHER outside the standard set"},
    inLog(kHost, "http.host", "server.address", "authority the client asked for"),
    inLog(kPath, "http.path", "url.path", "path without query"),
    inLog(kHttpVersion, "http.version", "network.protocol.version", "1.0, 1.1 or 2"),
    {kStatus,
     "http.status",
     "http.status",
     "status",
     "status",
     "http.response.status_code",
     "status code sent to the client"},
    inLog(kGrpcStatus, "grpc.status", "rpc.grpc.status_code", "gRPC status"),
    inLog(
        kTlsServerName, "tls.sni", "tls.client.server_name", "server name of the client's handshake"
    ),
    inLog(kTraceId, "trace.id", "", "trace the request belongs to, 32 hexadecimal digits"),
    inLog(kSpanId, "span.id", "", "our span in it, 16 hexadecimal digits"),
    inLog(kJwtSubject, "jwt.sub", "", "subject of the client's token"),
    inOurLog(kKey, "gatehouse.key", "gatehouse.key.id", "id of the issued key, never the key"),
    inOurLog(kUser, "gatehouse.user", "user.id", "user, from key metadata, token or expression"),
    inOurLog(kTeam, "gatehouse.team", "gatehouse.team", "team, likewise"),
    inOurLog(
        kClient, "gatehouse.client", "gatehouse.client", "the client program, of a closed list"
    ),
    inOurLog(kSession, "gatehouse.session", "session.id", "session the client named"),
    everywhere(kProtocol, "protocol", "", "http, llm, mcp, grpc or tcp"),
    inLog(kMcpMethod, "mcp.method.name", "mcp.method.name", "MCP method"),
    inLog(kMcpTarget, "mcp.target", "gatehouse.mcp.target", "MCP server asked"),
    inLog(
        kMcpResourceType,
        "mcp.resource.type",
        "gatehouse.mcp.resource.type",
        "tool, prompt or resource"
    ),
    inLog(kMcpResourceUri, "mcp.resource.uri", "mcp.resource.uri", "URI of the resource"),
    inLog(kTool, "gen_ai.tool.name", "gen_ai.tool.name", "tool called"),
    inLog(kPrompt, "gen_ai.prompt.name", "gen_ai.prompt.name", "prompt asked for"),
    inLog(kMcpSession, "mcp.session.id", "mcp.session.id", "MCP session"),
    inLog(kMcpErrorCode, "mcp.error.code", "rpc.response.status_code", "JSON-RPC error code"),
    inLog(kMcpErrorMessage, "mcp.error.message", "", "JSON-RPC error text"),
    inLog(
        kSelectedEndpoint, "inferencepool.selected_endpoint", "", "endpoint an inference pool chose"
    ),
    {kOperation,
     "gen_ai.operation.name",
     "gen_ai.operation.name",
     "gen_ai_operation_name",
     "gen_ai_operation_name",
     "gen_ai.operation.name",
     "chat, embeddings, ..."},
    {kProvider,
     "gen_ai.provider.name",
     "gen_ai.provider.name",
     "gen_ai_provider_name",
     "gen_ai_system",
     "gen_ai.provider.name",
     "provider that answered"},
    {kRequestModel,
     "gen_ai.request.model",
     "gen_ai.request.model",
     "gen_ai_request_model",
     "gen_ai_request_model",
     "gen_ai.request.model",
     "model the client named; as a label \"other\" unless configured or served"},
    {kResponseModel,
     "gen_ai.response.model",
     "gen_ai.response.model",
     "gen_ai_response_model",
     "gen_ai_response_model",
     "gen_ai.response.model",
     "model the provider says it used"},
    inLog(
        kInputTokens,
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.input_tokens",
        "input tokens, cached ones included"
    ),
    inLog(
        kCacheReadTokens,
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "of these read from the provider's cache"
    ),
    inLog(
        kCacheCreationTokens,
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "of these written to the provider's cache"
    ),
    inLog(
        kOutputTokens,
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.output_tokens",
        "output tokens, reasoning included"
    ),
    {kReasoningTokens,
     "gen_ai.usage.reasoning.output_tokens",
     "gen_ai.usage.reasoning_tokens",
     "",
     "",
     "gen_ai.usage.reasoning.output_tokens",
     "of these spent on reasoning"},
    {kUsageState,
     "gatehouse.usage.state",
     "",
     "state",
     "",
     "gatehouse.usage.state",
     "known, partial, estimated, unknown or none"},
    {kTimeToFirstToken,
     "gatehouse.time_to_first_token",
     "agw.ai.time_to_first_token",
     "",
     "",
     "gatehouse.time_to_first_token",
     "seconds from asking the provider to its first generated content"},
    {kTimePerOutputToken,
     "gatehouse.time_per_output_token",
     "agw.ai.time_per_output_token",
     "",
     "",
     "gatehouse.time_per_output_token",
     "seconds per output token after the first"},
    {kCostTotal,
     "gatehouse.cost.total",
     "agw.ai.usage.cost.total",
     "",
     "",
     "gatehouse.cost.total",
     "US dollars"},
    inOurLog(
        kPriceStatus,
        "gatehouse.cost.price_status",
        "gatehouse.cost.price_status",
        "where the price came from"
    ),
    inLog(
        kTemperature,
        "gen_ai.request.temperature",
        "gen_ai.request.temperature",
        "as the client sent it"
    ),
    inLog(kTopP, "gen_ai.request.top_p", "gen_ai.request.top_p", "as the client sent it"),
    inLog(
        kMaxTokens,
        "gen_ai.request.max_tokens",
        "gen_ai.request.max_tokens",
        "as the client sent it"
    ),
    inLog(
        kFrequencyPenalty,
        "gen_ai.request.frequency_penalty",
        "gen_ai.request.frequency_penalty",
        "as the client sent it"
    ),
    inLog(
        kPresencePenalty,
        "gen_ai.request.presence_penalty",
        "gen_ai.request.presence_penalty",
        "as the client sent it"
    ),
    inLog(kSeed, "gen_ai.request.seed", "gen_ai.request.seed", "as the client sent it"),
    inLog(
        kDimensionCount,
        "gen_ai.embeddings.dimension.count",
        "gen_ai.embeddings.dimension.count",
        "as the client sent it"
    ),
    inLog(
        kEncodingFormats,
        "gen_ai.request.encoding_formats",
        "gen_ai.request.encoding_formats",
        "as the client sent it"
    ),
    inLog(
        kRetryAttempt,
        "retry.attempt",
        "http.request.resend_count",
        "number of the last attempt when it was not the first"
    ),
    inOurLog(
        kAttempts, "gatehouse.attempts", "gatehouse.attempts", "attempts made, when there was one"
    ),
    {kOutcome,
     "gatehouse.outcome",
     "",
     "outcome",
     "",
     "gatehouse.outcome",
     "how the request ended, one of eight words"},
    everywhere(kReason, "reason", "", "the same in the vocabulary of agentgateway"),
    inLog(kError, "error", "error.type", "detail key, and what happened in a sentence"),
    inOurLog(
        kOverhead, "gatehouse.overhead", "gatehouse.overhead", "seconds that were our own time"
    ),
    inLog(kDuration, "duration", "", "from request head to the end, as text with unit"),
    inLog(kDurationMicros, "duration_us", "", "the same in microseconds; in JSON only"),
    asLabel(kStatusClass, "status_class", "1xx to 5xx"),
    asLabel(kDetail, "detail", "detail key of what went wrong, or none"),
    asLabel(kUpstreamProvider, "provider", "provider asked"),
    asLabel(kCause, "cause", "why another attempt followed, or what there was too much of"),
    asLabel(kTransport, "transport", "plaintext or tls"),
    asLabel(kState, "state", "idle or active"),
    asLabel(kKind, "kind", "which part or fault is counted"),
    asLabel(kCheck, "check", "which rule the numbers broke"),
    {kTokenType,
     "",
     "",
     "gen_ai_token_type",
     "gen_ai_token_type",
     "",
     "input, output and parts of them"},
    asLabel(
        kResult,
        "result",
        "of a reload: applied, unchanged or rejected; of a copy: sent, failed or dropped; of a TLS "
        "handshake: full or resumed"
    ),
    asLabel(kSeverity, "severity", "error or warning"),
    asLabel(kMetric, "metric", "name of the metric"),
    {kVersion, "", "", "version", "tag", "", "version of the program"},
    asLabel(kCommit, "commit", "commit it was built from"),
    {kBind, "", "", "", "bind", "", "port/namespace/name of the socket"},
}};

constexpr bool rowsAreInOrder() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (std::to_underlying(kTable[i].attribute) != i || kTable[i].meaning.empty()) {
      return false;
    }
  }
  return true;
}
static_assert(rowsAreInOrder());

constexpr LogKeys column(std::string_view AttributeNames::* names) {
  LogKeys keys;
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    keys[i] = kTable[i].*names;
  }
  return keys;
}
constexpr LogKeys kOurLogKeys = column(&AttributeNames::log);
constexpr LogKeys kAgentgatewayLogKeys = column(&AttributeNames::log_agentgateway);

}  // namespace

std::span<const AttributeNames> attributeTable() {
  return kTable;
}

const AttributeNames& namesOf(Attribute attribute) {
  return kTable[std::to_underlying(attribute)];
}

const LogKeys& logKeys(NameSet set) {
  return set == NameSet::kGatehouse ? kOurLogKeys : kAgentgatewayLogKeys;
}

std::string_view labelName(Attribute attribute, NameSet set) {
  const AttributeNames& names = namesOf(attribute);
  return set == NameSet::kGatehouse ? names.label : names.label_agentgateway;
}

}  // namespace gatehouse::telemetry
