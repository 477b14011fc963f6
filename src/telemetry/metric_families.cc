#include "telemetry/metric_families.h"

#include <array>
#include <utility>

namespace gatehouse::telemetry {
namespace {

using enum Attribute;
using enum MetricKind;
using Labels = std::span<const Attribute>;
using Bounds = std::span<const double>;

// Buckets, by the letters of the specification. Seconds, but for kTokenBounds.
constexpr auto kDurationBounds = std::to_array(
    {.001, .005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30., 80., 160., 320., 640.}
);
constexpr auto kProcessingBounds =
    std::to_array({.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .05, .25});
constexpr auto kTokenBounds = std::to_array(
    {1.,
     4.,
     16.,
     64.,
     256.,
     1024.,
     4096.,
     16384.,
     65536.,
     262144.,
     1048576.,
     4194304.,
     16777216.,
     67108864.}
);
constexpr auto kInferenceBounds = std::to_array(
    {.01,
     .02,
     .04,
     .08,
     .16,
     .32,
     .64,
     1.28,
     2.56,
     5.12,
     10.24,
     20.48,
     40.96,
     81.92,
     163.84,
     327.68,
     655.36}
);
constexpr auto kFirstTokenBounds =
    std::to_array({.001, .005, .01, .02, .04, .06, .08, .1,  .25, .5, .75,
                   1.,   2.5,  5.,  7.5, 10., 15., 20., 30., 45., 60.});
constexpr auto kPerTokenBounds =
    std::to_array({.001, .01, .025, .05, .075, .1, .15, .2, .3, .4, .5, .75, 1., 2.5});
constexpr auto kHandshakeBounds =
    std::to_array({.0005, .0015, .0043, .0126, .0368, .108, .316, .924, 2.71, 8.});
constexpr auto kAgentgatewayDurationBounds =
    std::to_array({.001, .005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5., 10., 30., 80.});

constexpr auto kListenerLabels = std::to_array({kGateway, kListener});
constexpr auto kDownstreamLabels = std::to_array({kGateway, kListener, kProtocol});
constexpr auto kRouteLabels = std::to_array({kGateway, kListener, kRoute, kRouteRule});
constexpr auto kRequestLabels = std::to_array(
    {kGateway,
     kListener,
     kRoute,
     kRouteRule,
     kBackend,
     kProtocol,
     kMethod,
     kStatus,
     kOutcome,
     kReason}
);
constexpr auto kRequestDurationLabels =
    std::to_array({kGateway, kListener, kRoute, kRouteRule, kBackend, kProtocol, kStatusClass});
constexpr auto kProtocolErrorLabels = std::to_array({kListener, kKind});
constexpr auto kTlsHandshakeLabels = std::to_array({kListener, kResult});
constexpr auto kAttemptLabels = std::to_array({kBackend, kUpstreamProvider, kStatusClass, kDetail});
constexpr auto kCauseLabels = std::to_array({kBackend, kCause});
constexpr auto kMirrorLabels = std::to_array({kBackend, kResult});
constexpr auto kConnectLabels = std::to_array({kBackend, kTransport});
constexpr auto kConnectionLabels = std::to_array({kBackend, kState});
constexpr auto kGenAiLabels = std::to_array(
    {kOperation, kProvider, kRequestModel, kResponseModel, kGateway, kListener, kRoute, kRouteRule}
);
constexpr auto kTokenLabels = std::to_array(
    {kKind,
     kOperation,
     kProvider,
     kRequestModel,
     kResponseModel,
     kGateway,
     kListener,
     kRoute,
     kRouteRule}
);
constexpr auto kUsageLabels = std::to_array(
    {kUsageState,
     kOperation,
     kProvider,
     kRequestModel,
     kResponseModel,
     kGateway,
     kListener,
     kRoute,
     kRouteRule}
);
constexpr auto kTokenUsageLabels = std::to_array(
    {kTokenType,
     kOperation,
     kProvider,
     kRequestModel,
     kResponseModel,
     kGateway,
     kListener,
     kRoute,
     kRouteRule}
);
constexpr auto kAnomalyLabels = std::to_array({kUpstreamProvider, kCheck});
constexpr auto kCauseLabel = std::to_array({kCause});
constexpr auto kResultLabel = std::to_array({kResult});
constexpr auto kSeverityLabel = std::to_array({kSeverity});
constexpr auto kMetricLabel = std::to_array({kMetric});
constexpr auto kBuildLabels = std::to_array({kVersion, kCommit});
constexpr auto kAgwRequestLabels = std::to_array(
    {kBackend, kProtocol, kMethod, kStatus, kReason, kBind, kGateway, kListener, kRoute, kRouteRule}
);
constexpr auto kAgwTokenUsageLabels = std::to_array(
    {kTokenType,
     kOperation,
     kProvider,
     kRequestModel,
     kResponseModel,
     kBind,
     kGateway,
     kListener,
     kRoute,
     kRouteRule}
);

constexpr FamilyRow counter(
    Family family, std::string_view name, Labels labels, std::string_view help
) {
  return {family, name, kCounter, NameSet::kGatehouse, labels, {}, help};
}
constexpr FamilyRow gauge(
    Family family, std::string_view name, Labels labels, std::string_view help
) {
  return {family, name, kGauge, NameSet::kGatehouse, labels, {}, help};
}
constexpr FamilyRow histogram(
    Family family, std::string_view name, Labels labels, Bounds bounds, std::string_view help
) {
  return {family, name, kHistogram, NameSet::kGatehouse, labels, bounds, help};
}
constexpr FamilyRow agentgateway(FamilyRow row) {
  row.names = NameSet::kAgentgateway;
  return row;
}

constexpr std::array<FamilyRow, kFamilyCount> kTable = {
    counter(Family::kRequests, "gatehouse_requests_total", kRequestLabels, "Requests ended"),
    histogram(
        Family::kRequestDuration,
        "gatehouse_request_duration_seconds",
        kRequestDurationLabels,
        kDurationBounds,
        "Time from request head to the end of the reply"
    ),
    histogram(
        Family::kOverhead,
        "gatehouse_overhead_seconds",
        kRouteLabels,
        kProcessingBounds,
        "Time of a request that was the gateway's own"
    ),
    gauge(
        Family::kRequestsInFlight,
        "gatehouse_requests_in_flight",
        kListenerLabels,
        "Requests begun and not ended"
    ),
    gauge(
        Family::kStreamsOpen,
        "gatehouse_streams_open",
        kListenerLabels,
        "Streamed replies begun and not ended"
    ),
    counter(
        Family::kDownstreamConnections,
        "gatehouse_downstream_connections_total",
        kDownstreamLabels,
        "Client connections accepted"
    ),
    counter(
        Family::kDownstreamReceivedBytes,
        "gatehouse_downstream_received_bytes_total",
        kDownstreamLabels,
        "Body bytes received from clients, counted when the request ends"
    ),
    counter(
        Family::kDownstreamSentBytes,
        "gatehouse_downstream_sent_bytes_total",
        kDownstreamLabels,
        "Body bytes sent to clients, counted when the request ends"
    ),
    counter(
        Family::kProtocolErrors,
        "gatehouse_protocol_errors_total",
        kProtocolErrorLabels,
        "Messages from clients that broke their protocol and became no request"
    ),
    histogram(
        Family::kTlsHandshakeDuration,
        "gatehouse_tls_handshake_duration_seconds",
        kTlsHandshakeLabels,
        kHandshakeBounds,
        "Time of a client's TLS handshake that came to its end"
    ),
    counter(
        Family::kUpstreamAttempts,
        "gatehouse_upstream_attempts_total",
        kAttemptLabels,
        "Tries to get an answer from an upstream"
    ),
    counter(
        Family::kRetries,
        "gatehouse_retries_total",
        kCauseLabels,
        "Attempts after which the same backend was asked again"
    ),
    counter(
        Family::kFallbacks,
        "gatehouse_fallbacks_total",
        kCauseLabels,
        "Attempts after which another provider was asked"
    ),
    counter(
        Family::kMirroredRequests,
        "gatehouse_mirrored_requests_total",
        kMirrorLabels,
        "Copies of requests for a mirror"
    ),
    counter(
        Family::kShed,
        "gatehouse_shed_total",
        kCauseLabel,
        "Requests refused, and pauses in taking connections, because of too much load"
    ),
    histogram(
        Family::kUpstreamConnectDuration,
        "gatehouse_upstream_connect_duration_seconds",
        kConnectLabels,
        kHandshakeBounds,
        "Time to connect to an upstream, names and TLS included"
    ),
    gauge(
        Family::kUpstreamConnections,
        "gatehouse_upstream_connections",
        kConnectionLabels,
        "Connections to upstreams"
    ),
    counter(
        Family::kTokens, "gatehouse_tokens_total", kTokenLabels, "Tokens reported or estimated"
    ),
    counter(
        Family::kUsage,
        "gatehouse_usage_total",
        kUsageLabels,
        "LLM requests by what is known of their usage"
    ),
    counter(
        Family::kUsageAnomalies,
        "gatehouse_usage_anomalies_total",
        kAnomalyLabels,
        "Usage reports that contradict themselves"
    ),
    histogram(
        Family::kGenAiOperationDuration,
        "gatehouse_gen_ai_operation_duration_seconds",
        kGenAiLabels,
        kInferenceBounds,
        "Time from asking the first provider to the last byte of the reply"
    ),
    histogram(
        Family::kGenAiTimeToFirstToken,
        "gatehouse_gen_ai_time_to_first_token_seconds",
        kGenAiLabels,
        kFirstTokenBounds,
        "Time from asking the first provider to the first generated content of a stream"
    ),
    histogram(
        Family::kGenAiTimePerOutputToken,
        "gatehouse_gen_ai_time_per_output_token_seconds",
        kGenAiLabels,
        kPerTokenBounds,
        "Time per output token after the first, of a stream"
    ),
    histogram(
        Family::kGenAiTokenUsage,
        "gatehouse_gen_ai_token_usage",
        kTokenUsageLabels,
        kTokenBounds,
        "Tokens of a request"
    ),
    gauge(Family::kBufferedBytes, "gatehouse_buffered_bytes", {}, "Body bytes held in buffers"),
    gauge(
        Family::kConfigGeneration,
        "gatehouse_config_generation",
        {},
        "Generation of the configuration that new requests use"
    ),
    gauge(
        Family::kConfigLastReloadSuccess,
        "gatehouse_config_last_reload_success",
        {},
        "1 if the newest resources are in use, 0 if they were rejected"
    ),
    gauge(
        Family::kConfigLastReloadTimestamp,
        "gatehouse_config_last_reload_timestamp_seconds",
        {},
        "When resources were last read, seconds since the epoch"
    ),
    counter(
        Family::kConfigReloads,
        "gatehouse_config_reloads_total",
        kResultLabel,
        "Reloads of the resources"
    ),
    gauge(
        Family::kConfigFindings,
        "gatehouse_config_findings",
        kSeverityLabel,
        "Findings in the current resources"
    ),
    counter(
        Family::kMetricOverflow,
        "gatehouse_metric_overflow_total",
        kMetricLabel,
        "Label sets beyond a metric's limit, counted under other"
    ),
    counter(
        Family::kLogLinesDropped,
        "gatehouse_access_log_dropped_total",
        {},
        "Access-log lines given up because the log's reader is too slow"
    ),
    gauge(
        Family::kBuildInfo, "gatehouse_build_info", kBuildLabels, "Always 1; which program this is"
    ),
    counter(
        Family::kProcessCpuSeconds,
        "process_cpu_seconds_total",
        {},
        "User and system CPU time spent"
    ),
    gauge(Family::kProcessResidentMemory, "process_resident_memory_bytes", {}, "Resident memory"),
    gauge(Family::kProcessOpenFds, "process_open_fds", {}, "Open file descriptors"),
    gauge(Family::kProcessMaxFds, "process_max_fds", {}, "Most file descriptors it may open"),
    gauge(
        Family::kProcessStartTime,
        "process_start_time_seconds",
        {},
        "When the process started, seconds since the epoch"
    ),
    agentgateway(counter(
        Family::kAgwRequests, "agentgateway_requests_total", kAgwRequestLabels, "Requests ended"
    )),
    agentgateway(histogram(
        Family::kAgwRequestDuration,
        "agentgateway_request_duration_seconds",
        kAgwRequestLabels,
        kAgentgatewayDurationBounds,
        "Time from request head to the end of the reply"
    )),
    agentgateway(histogram(
        Family::kAgwGenAiTokenUsage,
        "agentgateway_gen_ai_client_token_usage",
        kAgwTokenUsageLabels,
        kTokenBounds,
        "Tokens of a request"
    )),
};

constexpr bool rowsAreInOrder() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (std::to_underlying(kTable[i].family) != i) {
      return false;
    }
  }
  return true;
}
static_assert(rowsAreInOrder());

}  // namespace

std::span<const FamilyRow> familyTable() {
  return kTable;
}

const FamilyRow& rowOf(Family family) {
  return kTable[std::to_underlying(family)];
}

}  // namespace gatehouse::telemetry
