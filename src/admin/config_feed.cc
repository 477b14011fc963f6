#include "admin/config_feed.h"

#include "resource/finding.h"

namespace gatehouse::admin {

void ConfigFeed::update(const control::View& view) {
  using Reload = telemetry::ConfigMetrics::Reload;
  // Several reloads may lie between two scrapes; the last one told decides what "last reload"
  // shows.
  bool well = view.last_error.empty();
  for (; !well && applied_ < view.reloads; ++applied_) {
    metrics_.reloaded(Reload::kApplied, view.loaded_at);
  }
  for (; rejected_ < view.rejected_reloads; ++rejected_) {
    metrics_.reloaded(Reload::kRejected, view.last_error_at);
  }
  for (; applied_ < view.reloads; ++applied_) {
    metrics_.reloaded(Reload::kApplied, view.loaded_at);
  }
  metrics_.published(view.generation);
  std::size_t warnings = 0;
  for (const resource::Finding& finding : view.findings) {
    warnings += finding.severity == resource::Severity::kWarning ? 1 : 0;
  }
  metrics_.findings(resource::countErrors(view.findings), warnings);
}

}  // namespace gatehouse::admin
