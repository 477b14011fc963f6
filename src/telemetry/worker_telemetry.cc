#include "telemetry/worker_telemetry.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace gatehouse::telemetry {

WorkerTelemetry::WorkerTelemetry(
    unsigned worker,
    std::uint64_t seed,
    MetricShard& shard,
    LineWriter* writer,
    TelemetrySettings settings
)
    : shard_(shard),
      ids_(worker),
      random_(seed),
      settings_(std::move(settings)),
      requests_(shard),
      llm_(shard),
      buffered_(shard.gauge(Family::kBufferedBytes, {})),
      access_log_(writer, settings_.access_log) {}

void WorkerTelemetry::requestBegan(RequestRecord& record) {
  GATEHOUSE_DEBUG_CHECK(!record.counted_in_flight_);
  record.counted_in_flight_ = true;
  listenerGauge(Family::kRequestsInFlight, record.gateway, record.listener).add(1);
}

void WorkerTelemetry::streamBegan(RequestRecord& record) {
  GATEHOUSE_DEBUG_CHECK(!record.counted_stream_);
  record.counted_stream_ = true;
  listenerGauge(Family::kStreamsOpen, record.gateway, record.listener).add(1);
}

void WorkerTelemetry::lowerGauges(const RequestRecord& record) {
  if (record.counted_in_flight_) {
    listenerGauge(Family::kRequestsInFlight, record.gateway, record.listener).add(-1);
  }
  if (record.counted_stream_) {
    listenerGauge(Family::kStreamsOpen, record.gateway, record.listener).add(-1);
  }
}

void WorkerTelemetry::countRequest(const RequestRecord& record) {
  const CountedSets sets = setsFor(record);
  requests_.count(record, sets);
  if (const LlmRecord* llm = record.llmPart()) {
    llm_.count(record, *llm, sets);
  }
}

void WorkerTelemetry::writeAccessLine(const RequestRecord& record) {
  if (!access_log_.write(record)) {
    shard_.counter(Family::kLogLinesDropped, {}).add();
  }
}

CountedSets WorkerTelemetry::setsFor(const RequestRecord& record) const {
  switch (settings_.metric_names) {
    case NameSets::kByGateway:
      return {.gatehouse = true, .agentgateway = record.foreign_gateway};
    case NameSets::kGatehouse:
      return {.gatehouse = true, .agentgateway = false};
    case NameSets::kAgentgateway:
      return {.gatehouse = false, .agentgateway = true};
    case NameSets::kBoth:
      return {.gatehouse = true, .agentgateway = true};
  }
  return {};
}

Gauge WorkerTelemetry::listenerGauge(Family family, const Name& gateway, const Name& listener) {
  key_.clear();
  key_.addNumber(family).add(gateway).add(listener);
  return gauges_.find(key_, [&] {
    const std::array<std::string_view, 2> labels = {gateway.view(), listener.view()};
    return shard_.gauge(family, labels);
  });
}

void WorkerTelemetry::connectionOpened(
    const Name& gateway, const Name& listener, Protocol protocol
) {
  const std::array<std::string_view, 3> labels = {
      gateway.view(), listener.view(), toString(protocol)
  };
  shard_.counter(Family::kDownstreamConnections, labels).add();
}

void WorkerTelemetry::protocolError(const Name& listener, std::string_view kind) {
  const std::array<std::string_view, 2> labels = {listener.view(), kind};
  shard_.counter(Family::kProtocolErrors, labels).add();
}

void WorkerTelemetry::shed(std::string_view cause) {
  const std::array<std::string_view, 1> labels = {cause};
  shard_.counter(Family::kShed, labels).add();
}

void WorkerTelemetry::tlsHandshake(const Name& listener, bool resumed, Nanos duration) {
  const std::array<std::string_view, 2> labels = {listener.view(), resumed ? "resumed" : "full"};
  shard_.histogram(Family::kTlsHandshakeDuration, labels)
      .observe(std::chrono::duration<double>(duration).count());
}

void WorkerTelemetry::mirrored(const Name& backend, MirrorResult result) {
  constexpr std::array<std::string_view, 3> kResults = {"sent", "failed", "dropped"};
  const std::array<std::string_view, 2> labels = {
      backend.view(), kResults.at(std::to_underlying(result))
  };
  shard_.counter(Family::kMirroredRequests, labels).add();
}

Gauge WorkerTelemetry::upstreamConnections(std::string_view backend, ConnectionState state) {
  const std::array<std::string_view, 2> labels = {
      backend, state == ConnectionState::kIdle ? "idle" : "active"
  };
  return shard_.gauge(Family::kUpstreamConnections, labels);
}

}  // namespace gatehouse::telemetry
