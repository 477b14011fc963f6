// What one worker counts and logs with: its shard of the metrics, its ids and random numbers, its
// access-log buffer, and the series it has looked up before. Owner's thread only; the cells behind
// it are read by the admin thread without a lock.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/line_writer.h"
#include "telemetry/access_log.h"
#include "telemetry/fast_random.h"
#include "telemetry/id.h"
#include "telemetry/llm_series.h"
#include "telemetry/metrics.h"
#include "telemetry/record.h"
#include "telemetry/request_series.h"
#include "telemetry/series_cache.h"

namespace gatehouse::telemetry {

/// What became of a copy of a request.
enum class MirrorResult : std::uint8_t {
  kSent,     // and answered
  kFailed,   // not answered
  kDropped,  // not sent: too large, too many at once, or its request was not whole
};

enum class NameSets : std::uint8_t {
  kByGateway,  // gatehouse, and agentgateway too for gateways of that class
  kGatehouse,
  kAgentgateway,
  kBoth,
};

struct TelemetrySettings {
  NameSets metric_names = NameSets::kByGateway;
  AccessLogSettings access_log;
  std::string instance{};  // of all the process's records: instanceName()
};

class WorkerTelemetry {
 public:
  /// `shard` is this worker's own; `writer` null: no access log. Both must outlive this. `worker`
  /// is below 256; `seed` is different for each worker.
  WorkerTelemetry(
      unsigned worker,
      std::uint64_t seed,
      MetricShard& shard [[clang::lifetimebound]],
      LineWriter* writer,
      TelemetrySettings settings
  );
  WorkerTelemetry(const WorkerTelemetry&) = delete;
  WorkerTelemetry& operator=(const WorkerTelemetry&) = delete;

  IdSource& ids() [[clang::lifetimebound]] { return ids_; }
  FastRandom& random() [[clang::lifetimebound]] { return random_; }

  /// Counts the request as in flight at its gateway and listener until report(); once they are
  /// known, once per record.
  void requestBegan(RequestRecord& record);
  /// Counts its reply as an open stream until report(); after requestBegan.
  void streamBegan(RequestRecord& record);

  void connectionOpened(const Name& gateway, const Name& listener, Protocol protocol);
  /// A message that was no HTTP, or broke our rules for it, and became no request: `kind` is of a
  /// closed list, "head_invalid", "head_too_large", "tls", "proxy_protocol", ...
  void protocolError(const Name& listener, std::string_view kind);
  /// A client's, done; `resumed`: by a session made before.
  void tlsHandshake(const Name& listener, bool resumed, Nanos duration);
  /// A copy of a request for the mirror of that name.
  void mirrored(const Name& backend, MirrorResult result);
  /// Something refused because of too much load: "connections", "requests", "descriptors".
  void shed(std::string_view cause);
  /// The number of upstream connections of a backend in a state.
  enum class ConnectionState : std::uint8_t { kIdle, kActive };
  Gauge upstreamConnections(std::string_view backend, ConnectionState state);
  /// Sets what this worker's buffers hold now.
  void bufferedBytes(std::uint64_t bytes) { buffered_.set(static_cast<std::int64_t>(bytes)); }

 private:
  friend void report(const RequestRecord& record, WorkerTelemetry& worker);

  // The steps of report(), in its order.
  void lowerGauges(const RequestRecord& record);
  void countRequest(const RequestRecord& record);
  void writeAccessLine(const RequestRecord& record);

  CountedSets setsFor(const RequestRecord& record) const;
  Gauge listenerGauge(Family family, const Name& gateway, const Name& listener);

  MetricShard& shard_;
  IdSource ids_;
  FastRandom random_;
  TelemetrySettings settings_;
  RequestSeries requests_;
  LlmSeries llm_;
  SeriesCache<Gauge> gauges_;
  Gauge buffered_;
  SeriesKey key_;
  AccessLog access_log_;
};

}  // namespace gatehouse::telemetry
