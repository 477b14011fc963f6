// The one table of names (house section 11): for everything we tell about a request, its key in the
// access log, its label in metrics and its OTel attribute, one column per naming set. Being
// compatible is a column here, never an `if` elsewhere. docs/telemetry.md is checked against it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gatehouse::telemetry {

/// Access-log keys first, in the order of the line (telemetry specification section 9), then what
/// is only a metric label.
enum class Attribute : std::uint8_t {
  kTime,
  kLevel,
  kMessage,
  kRequestId,
  kGateway,
  kListener,
  kRouteRule,
  kRoute,
  kBackend,
  kEndpoint,
  kSourceAddress,
  kSourceIdentity,
  kMethod,
  kHost,
  kPath,
  kHttpVersion,
  kStatus,
  kGrpcStatus,
  kTlsServerName,
  kTraceId,
  kSpanId,
  kJwtSubject,
  kKey,
  kUser,
  kTeam,
  kClient,
  kSession,
  kProtocol,
  kMcpMethod,
  kMcpTarget,
  kMcpResourceType,
  kMcpResourceUri,
  kTool,
  kPrompt,
  kMcpSession,
  kMcpErrorCode,
  kMcpErrorMessage,
  kSelectedEndpoint,
  kOperation,
  kProvider,
  kRequestModel,
  kResponseModel,
  kInputTokens,
  kCacheReadTokens,
  kCacheCreationTokens,
  kOutputTokens,
  kReasoningTokens,
  kUsageState,
  kTimeToFirstToken,
  kTimePerOutputToken,
  kCostTotal,
  kPriceStatus,
  kTemperature,
  kTopP,
  kMaxTokens,
  kFrequencyPenalty,
  kPresencePenalty,
  kSeed,
  kDimensionCount,
  kEncodingFormats,
  kRetryAttempt,
  kAttempts,
  kOutcome,
  kReason,
  kError,
  kOverhead,
  kDuration,
  kDurationMicros,
  kStatusClass,
  kDetail,
  kUpstreamProvider,
  kCause,
  kTransport,
  kState,
  kKind,
  kCheck,
  kTokenType,
  kResult,
  kSeverity,
  kMetric,
  kVersion,
  kCommit,
  kBind,
};
inline constexpr std::size_t kAttributeCount = 83;

/// Which names to use.
enum class NameSet : std::uint8_t { kGatehouse, kAgentgateway };

/// Empty where the set has no such name: the attribute is left out.
struct AttributeNames {
  Attribute attribute;
  std::string_view log;                 // access log
  std::string_view log_agentgateway;    // access log, telemetry.logNames: agentgateway
  std::string_view label;               // gatehouse_ metrics
  std::string_view label_agentgateway;  // agentgateway_ metrics
  std::string_view otel;                // span attribute, profile genai-1.41
  std::string_view meaning;             // one sentence for docs/telemetry.md
};

/// Row i is the attribute with value i.
std::span<const AttributeNames> attributeTable();
const AttributeNames& namesOf(Attribute attribute);
/// Access-log keys of a set, by attribute; empty where it has none.
using LogKeys = std::array<std::string_view, kAttributeCount>;
const LogKeys& logKeys(NameSet set);
std::string_view labelName(Attribute attribute, NameSet set);

}  // namespace gatehouse::telemetry
