// Carries the reload state from the control wing's view into the metrics, when somebody scrapes.
// Admin thread only.
#pragma once

#include <cstdint>

#include "control/view.h"
#include "telemetry/config_metrics.h"

namespace gatehouse::admin {

class ConfigFeed {
 public:
  /// `shard` is written by nobody else and outlives the feed.
  explicit ConfigFeed(telemetry::MetricShard& shard) : metrics_(shard) {}
  void update(const control::View& view);

 private:
  telemetry::ConfigMetrics metrics_;
  std::uint64_t applied_ = 0;
  std::uint64_t rejected_ = 0;
  std::uint64_t unchanged_ = 0;
};

}  // namespace gatehouse::admin
