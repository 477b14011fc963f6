// What the control thread counts: generations, reloads, findings. Control thread only.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "telemetry/metrics.h"

namespace gatehouse::telemetry {

class ConfigMetrics {
 public:
  /// `shard` is the control thread's own and must outlive this.
  explicit ConfigMetrics(MetricShard& shard [[clang::lifetimebound]]) : shard_(shard) {}

  enum class Reload : std::uint8_t { kApplied, kUnchanged, kRejected };
  /// A set of resources was read and compiled; kRejected: the last good snapshot stays.
  void reloaded(Reload result, WallMicros when);
  /// The snapshot that new requests use.
  void published(std::uint64_t generation);
  /// How many findings the current resources have.
  void findings(std::uint64_t errors, std::uint64_t warnings);

 private:
  MetricShard& shard_;
};

}  // namespace gatehouse::telemetry
