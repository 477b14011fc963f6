// Which cells a finished request counts in: those of the request itself, and those of its attempts.
// One per worker; owner's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "telemetry/metrics.h"
#include "telemetry/record.h"
#include "telemetry/series_cache.h"

namespace gatehouse::telemetry {

/// Which metrics a request is counted in.
struct CountedSets {
  bool gatehouse = true;
  bool agentgateway = false;
};

/// "1xx" ... "5xx", empty for anything else.
std::string_view statusClass(std::uint16_t status);
/// port/namespace/name, the name agentgateway gives a socket.
std::string bindOf(const RequestRecord& record);

class RequestSeries {
 public:
  /// `shard` is the worker's own and must outlive this.
  explicit RequestSeries(MetricShard& shard [[clang::lifetimebound]]) : shard_(shard) {}

  /// Counts an ended record, less its LLM part.
  void count(const RequestRecord& record, CountedSets sets);

 private:
  struct Cells {
    std::optional<Counter> requests;
    std::optional<Histogram> duration;
    std::optional<Histogram> overhead;
    std::optional<Counter> received;
    std::optional<Counter> sent;
    std::optional<Counter> agw_requests;
    std::optional<Histogram> agw_duration;
  };
  struct AttemptCells {
    std::optional<Counter> attempts;
    std::optional<Histogram> connect;
    std::optional<Counter> followed;  // retries or fallbacks
  };

  Cells makeCells(const RequestRecord& record, CountedSets sets);
  void addAgentgateway(Cells& cells, const RequestRecord& record, std::string_view status);
  void countAttempt(const Attempt& attempt);
  AttemptCells makeAttemptCells(const Attempt& attempt);

  MetricShard& shard_;
  SeriesCache<Cells> requests_;
  SeriesCache<AttemptCells> attempts_;
  SeriesKey key_;
};

}  // namespace gatehouse::telemetry
