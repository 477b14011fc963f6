// ReloadLoop: the control thread. Watches the files of the source, waits for a quiet moment, and
// lets the Reconciler reload.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "control/debounce.h"
#include "control/reconcile.h"
#include "io/reactor.h"

namespace gatehouse::control {

class ReloadLoop {
 public:
  /// Starts the thread; a first reload() was done by the caller. `source`, `reconciler` and `log`
  /// outlive the loop; until it ends, files that are being written are kept as they were. Without
  /// inotify only reloadNow(), and what a certificate's end changes, has an effect; the log says
  /// so.
  ReloadLoop(Source& source, Reconciler& reconciler, const Logger& log);
  ReloadLoop(const ReloadLoop&) = delete;
  ReloadLoop& operator=(const ReloadLoop&) = delete;
  /// Ends the thread; a reload in progress is finished.
  ~ReloadLoop();

  /// Any thread; returns at once. For SIGHUP and the admin API. Wishes made while a reload runs
  /// are one more reload after it.
  void reloadNow();

 private:
  class Loop;
  Source& source_;
  Reconciler& reconciler_;
  io::Reactor reactor_;
  std::atomic<bool> wished_ = false;  // a reload is posted and has not begun
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

}  // namespace gatehouse::control
