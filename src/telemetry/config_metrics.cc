#include "telemetry/config_metrics.h"

#include <array>
#include <string_view>

namespace gatehouse::telemetry {
namespace {

using Label = std::array<std::string_view, 1>;

std::string_view toString(ConfigMetrics::Reload result) {
  switch (result) {
    case ConfigMetrics::Reload::kApplied:
      return "applied";
    case ConfigMetrics::Reload::kUnchanged:
      return "unchanged";
    case ConfigMetrics::Reload::kRejected:
      return "rejected";
  }
  return "rejected";
}

}  // namespace

void ConfigMetrics::reloaded(Reload result, WallMicros when) {
  shard_.counter(Family::kConfigReloads, Label{toString(result)}).add();
  shard_.gauge(Family::kConfigLastReloadSuccess, {}).set(result == Reload::kRejected ? 0 : 1);
  shard_.gauge(Family::kConfigLastReloadTimestamp, {})
      .set(static_cast<std::int64_t>(when) / 1'000'000);
}

void ConfigMetrics::published(std::uint64_t generation) {
  shard_.gauge(Family::kConfigGeneration, {}).set(static_cast<std::int64_t>(generation));
}

void ConfigMetrics::findings(std::uint64_t errors, std::uint64_t warnings) {
  shard_.gauge(Family::kConfigFindings, Label{"error"}).set(static_cast<std::int64_t>(errors));
  shard_.gauge(Family::kConfigFindings, Label{"warning"}).set(static_cast<std::int64_t>(warnings));
}

}  // namespace gatehouse::telemetry
