#include "admin/config_feed.h"

#include "resource/finding.h"

namespace gatehouse::admin {

void ConfigFeed::update(const control::View& view) {
  using Reload = telemetry::ConfigMetrics::Reload;
  // Several reloads may lie between two scrapes; the last one told decides what "last reload"
  // shows.
  const auto tell = [this](Reload result, std::uint64_t& told, std::uint64_t count, WallMicros at) {
    for (; told < count; ++told) {
      metrics_.reloaded(result, at);
    }
  };
  const auto tellRejected = [&] {
    tell(Reload::kRejected, rejected_, view.rejected_reloads, view.last_error_at);
  };
  const bool well = view.last_error.empty();
  if (well) {
    tellRejected();
  }
  if (view.unchanged_at < view.loaded_at) {
    tell(Reload::kUnchanged, unchanged_, view.unchanged_reloads, view.unchanged_at);
  }
  tell(Reload::kApplied, applied_, view.reloads, view.loaded_at);
  tell(Reload::kUnchanged, unchanged_, view.unchanged_reloads, view.unchanged_at);
  if (!well) {
    tellRejected();
  }
  metrics_.published(view.generation);
  std::size_t warnings = 0;
  for (const resource::Finding& finding : view.findings) {
    warnings += finding.severity == resource::Severity::kWarning ? 1 : 0;
  }
  metrics_.findings(resource::countErrors(view.findings), warnings);
}

}  // namespace gatehouse::admin
