// Reconciler: from what a source says now to what the workers serve: load, keep the last good state
// of what is broken, compile, publish, show (house 6). A reload is atomic: workers get one snapshot
// or keep the one they have. When to reload is decided by ReloadLoop.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "compile/compile.h"
#include "control/returns.h"
#include "control/source.h"
#include "control/view.h"
#include "resource/set.h"
#include "snapshot/publish.h"

namespace gatehouse::control {

/// What a Reconciler works with; all must outlive it.
struct ReconcilerParts {
  Source& source;
  snapshot::Publisher& publisher;
  const Clock& clock;
  const Logger& log;
};

class Reconciler {
 public:
  Reconciler(ReconcilerParts parts, compile::CompileOptions options);
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;

  /// Loads, compiles and publishes, unless it finds what is served already; blocks for all of it.
  /// One thread at a time, never a worker.
  /// Returns the new view.
  ViewHandle reload();

  /// The newest view; never null. Any thread.
  ViewHandle view() const;
  /// Where snapshots go that are served no more; destroyed by the thread that reloads.
  Returns& returns() { return *returns_; }

 private:
  bool findsTheSame(const View& before, const View& next) const;
  ViewHandle publishView(View next);
  void logReload(const View& before, const View& next) const;
  void logFindings(const View& before, const View& next) const;

  ReconcilerParts parts_;
  compile::CompileOptions options_;
  std::shared_ptr<Returns> returns_ = Returns::make();
  resource::ResourceSet last_;  // the set that is served
  compile::StatusReport last_report_;
  mutable std::mutex mutex_;
  ViewHandle view_;  // guarded by mutex_
};

}  // namespace gatehouse::control
