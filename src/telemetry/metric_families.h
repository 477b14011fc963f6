// Every metric family we have: name, kind, labels, buckets, meaning, in one table (telemetry
// specification section 10).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "telemetry/attributes.h"

namespace gatehouse::telemetry {

enum class Family : std::uint8_t {
  kRequests,
  kRequestDuration,
  kOverhead,
  kRequestsInFlight,
  kStreamsOpen,
  kDownstreamConnections,
  kDownstreamReceivedBytes,
  kDownstreamSentBytes,
  kProtocolErrors,
  kTlsHandshakeDuration,
  kUpstreamAttempts,
  kRetries,
  kFallbacks,
  kMirroredRequests,
  kShed,
  kUpstreamConnectDuration,
  kUpstreamConnections,
  kTokens,
  kUsage,
  kUsageAnomalies,
  kGenAiOperationDuration,
  kGenAiTimeToFirstToken,
  kGenAiTimePerOutputToken,
  kGenAiTokenUsage,
  kBufferedBytes,
  kConfigGeneration,
  kConfigLastReloadSuccess,
  kConfigLastReloadTimestamp,
  kConfigReloads,
  kConfigFindings,
  kMetricOverflow,
  kLogLinesDropped,
  kBuildInfo,
  kProcessCpuSeconds,
  kProcessResidentMemory,
  kProcessOpenFds,
  kProcessMaxFds,
  kProcessStartTime,
  kAgwRequests,
  kAgwRequestDuration,
  kAgwGenAiTokenUsage,
};
inline constexpr std::size_t kFamilyCount = std::to_underlying(Family::kAgwGenAiTokenUsage) + 1;

enum class MetricKind : std::uint8_t { kCounter, kGauge, kHistogram };

struct FamilyRow {
  Family family;
  std::string_view name;  // complete, with prefix; counters end in _total
  MetricKind kind;
  NameSet names;                      // which column the label names come from
  std::span<const Attribute> labels;  // in the order of values
  std::span<const double>
      bounds;  // upper bounds of a histogram's buckets, ascending, +Inf left out
  std::string_view help;
};

/// Row i is the family with value i.
std::span<const FamilyRow> familyTable();
const FamilyRow& rowOf(Family family);

}  // namespace gatehouse::telemetry
