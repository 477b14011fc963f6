#include "control/reconcile.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "control/last_good.h"

namespace gatehouse::control {
namespace {

std::vector<std::string> keyNames(const resource::Secret& secret) {
  std::vector<std::string> names;
  for (const auto& [name, value] : secret.data) {
    names.push_back(name);
  }
  return names;
}

ObjectView viewOf(const resource::AnyObject& object, const compile::StatusReport& report) {
  const resource::ObjectMeta& meta = resource::metaOf(object);
  ObjectView view{
      .key = meta.key,
      .version = meta.version,
      .source = meta.source,
      .document = meta.document,
      .status = nullptr,
      .secret_keys = {},
  };
  if (const compile::Status* status = report.find(meta.key)) {
    view.status = compile::toValue(*status);
  }
  if (const auto* secret = std::get_if<resource::Shared<resource::Secret>>(&object)) {
    view.document = nullptr;
    view.secret_keys = keyNames(**secret);
  }
  return view;
}

std::vector<ObjectView> viewsOf(
    const resource::ResourceSet& resources, const compile::StatusReport& report
) {
  std::vector<ObjectView> views;
  for (const resource::AnyObject& object : resources.everything()) {
    views.push_back(viewOf(object, report));
  }
  for (const resource::RefusedRoute& refused : resources.refusedRoutes()) {
    const resource::ObjectKey& key = refused.route->meta.key;
    if (resources.find<resource::HttpRoute>(key.ns, key.name) == nullptr) {
      views.push_back(viewOf(refused.route, report));
    }
  }
  std::ranges::sort(views, {}, [](const ObjectView& view) {
    return std::tie(view.key.kind, view.key.group, view.key.ns, view.key.name);
  });
  return views;
}

std::vector<resource::Finding> allFindings(
    std::vector<resource::Finding> loading, const std::vector<resource::Finding>& compiling
) {
  loading.insert(loading.end(), compiling.begin(), compiling.end());
  resource::sortFindings(loading);
  return loading;
}

/// The time since the last call, or since this was made.
class Lap {
 public:
  explicit Lap(const Clock& clock [[clang::lifetimebound]]) : clock_(clock), begun_(clock.now()) {}

  Nanos end() {
    const MonoTime before = std::exchange(begun_, clock_.now());
    return begun_ - before;
  }

 private:
  const Clock& clock_;
  MonoTime begun_;
};

std::int64_t millis(Nanos time) {
  return std::chrono::duration_cast<Millis>(time).count();
}

std::vector<CertificateView> viewsOf(const std::vector<compile::CertificateUse>& uses) {
  std::vector<CertificateView> views;
  for (const compile::CertificateUse& use : uses) {
    views.push_back({
        .secret = use.secret,
        .subject = use.facts.subject,
        .names = use.facts.names,
        .not_before = use.facts.begin,
        .not_after = use.facts.end,
        .used_by = use.used_by,
    });
  }
  return views;
}

}  // namespace

Reconciler::Reconciler(ReconcilerParts parts, compile::CompileOptions options)
    : parts_(parts), options_(std::move(options)), view_(std::make_shared<const View>()) {}

ViewHandle Reconciler::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

ViewHandle Reconciler::reload() {
  Lap lap(parts_.clock);
  ReloadTimes times;
  resource::Loaded loaded = parts_.source.load();
  std::vector<std::string> kept = keepLastGood(last_, loaded);
  resource::ResourceSet next_set(
      std::move(loaded.objects),
      last_.generation() + 1,
      loaded.refused,
      std::move(loaded.refused_tls),
      std::move(loaded.refused_routes)
  );
  times.load = lap.end();
  options_.now = parts_.clock.wall();
  compile::Compiled compiled = compile::compile(next_set, options_);
  times.compile = lap.end();
  const ViewHandle before = view();
  View next = *before;
  next.findings = allFindings(std::move(loaded.findings), compiled.findings);
  next.flag_errors = std::move(compiled.flag_errors);
  next.changes_at = compiled.changes_at;
  if (kept.empty() && findsTheSame(*before, next)) {
    ++next.unchanged_reloads;
    next.unchanged_at = options_.now;
    return publishView(std::move(next));
  }
  if (next.generation == 0 && !next.flag_errors.empty()) {
    kept.emplace_back("a flag means nothing here");  // no address is opened for such a start
  } else if (compiled.snapshot == nullptr) {
    kept.emplace_back("the new configuration is inconsistent; the last one is kept");
  } else {
    lap.end();
    snapshot::Published published = parts_.publisher.publish(returns_->lend(compiled.snapshot));
    times.publish = lap.end();
    next.bound = std::move(published.bound);
    next.unbound = std::move(published.failures);
    compile::markBound(compiled.report, next_set, next.bound);
    compile::markUnbound(compiled.report, next_set, next.unbound, options_.now);
    compile::keepTransitions(compiled.report, last_report_);
    last_ = std::move(next_set);
    last_report_ = std::move(compiled.report);
    next.generation = last_.generation();
    next.loaded_at = options_.now;
    next.objects = viewsOf(last_, last_report_);
    next.certificates = viewsOf(compiled.certificates);
  }
  next.times = times;
  next.last_error.clear();
  if (kept.empty()) {
    ++next.reloads;
  } else {
    next.last_error = fmt::format("{}", fmt::join(kept, "; "));
    next.last_error_at = options_.now;
    ++next.rejected_reloads;
  }
  return publishView(std::move(next));
}

/// Whether all is as it was, and well: what could not be opened, say, is tried anew. Time alone may
/// make a difference, as a certificate ends.
bool Reconciler::findsTheSame(const View& before, const View& next) const {
  return parts_.source.unchanged() && before.generation != 0 && before.last_error.empty() &&
         before.unbound.empty() && before.findings == next.findings;
}

ViewHandle Reconciler::publishView(View next) {
  auto handle = std::make_shared<const View>(std::move(next));
  const ViewHandle before = view();
  {
    const std::lock_guard lock(mutex_);
    view_ = handle;
  }
  logReload(*before, *handle);
  return handle;
}

void Reconciler::logReload(const View& before, const View& next) const {
  const auto warnings =
      std::ranges::count(next.findings, resource::Severity::kWarning, &resource::Finding::severity);
  const std::size_t errors = resource::countErrors(next.findings);
  if (next.reloads != before.reloads) {
    parts_.log.info(
        "configuration applied",
        {{"generation", next.generation},
         {"objects", last_.size()},
         {"errors", errors},
         {"warnings", warnings},
         {"load_ms", millis(next.times.load)},
         {"compile_ms", millis(next.times.compile)},
         {"publish_ms", millis(next.times.publish)}}
    );
  } else if (next.unchanged_reloads != before.unchanged_reloads) {
    parts_.log.info("configuration unchanged", {{"generation", next.generation}});
  } else {
    parts_.log.error(
        "configuration not applied as written",
        {{"generation", next.generation},
         {"objects", last_.size()},
         {"errors", errors},
         {"warnings", warnings},
         {"reason", next.last_error}}
    );
  }
  if (next.bound.empty() && !before.bound.empty()) {
    parts_.log.warn(
        "nothing is served any more", {{"reason", "no Gateway with a listener is left"}}
    );
  }
  for (const snapshot::BindFailure& failure : next.unbound) {
    parts_.log.error(
        "cannot listen",
        {{"address", failure.address}, {"gateway", failure.gateway}, {"reason", failure.reason}}
    );
  }
  logFindings(before, next);
}

/// Findings that were there before are not said again.
void Reconciler::logFindings(const View& before, const View& next) const {
  std::set<std::string> said;
  for (const resource::Finding& finding : before.findings) {
    said.insert(resource::toString(finding));
  }
  for (const resource::Finding& finding : next.findings) {
    const std::string text = resource::toString(finding);
    if (finding.severity != resource::Severity::kInfo && !said.contains(text)) {
      const bool error = finding.severity == resource::Severity::kError;
      parts_.log.log(error ? LogLevel::kError : LogLevel::kWarn, "finding", {{"text", text}});
    }
  }
}

}  // namespace gatehouse::control
