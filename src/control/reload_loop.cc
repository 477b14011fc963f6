#include "control/reload_loop.h"

#include <algorithm>
#include <set>
#include <utility>

#include "io/deadline.h"
#include "io/file_watch.h"
#include "io/gate.h"
#include "io/stop.h"
#include "io/task.h"

namespace gatehouse::control {

namespace {

/// The clock of the wall may be set: not to be slept past.
constexpr Micros kLongestSleep = Seconds(600);

}  // namespace

/// Made before the control thread runs, then that thread's own.
class ReloadLoop::Loop final : private io::Timer {
 public:
  Loop(io::Reactor& reactor, Reconciler& reconciler, const Logger& log)
      : reactor_(reactor), reconciler_(reconciler), log_(log), gate_(reactor) {
    sleepUntilChange();
  }

  /// False when the files cannot be watched.
  bool start(std::vector<std::string> paths) {
    auto watch = io::FileWatch::start(reactor_, std::move(paths));
    if (!watch) {
      return false;
    }
    watch_ = *std::move(watch);
    return io::spawn(gate_, follow(*this), stop_);
  }

  void reload() {
    reconciler_.reload();
    sleepUntilChange();
  }

  /// Says once of each file that it is kept back.
  bool keepsBack(const std::string& file) {
    if (watch_ == nullptr || !watch_->beingWritten(file)) {
      kept_back_.erase(file);
      return false;
    }
    if (kept_back_.insert(file).second) {
      log_.info("a file is being written and kept as it was until then", {{"file", file}});
    }
    return true;
  }

  void stop() {
    reactor_.timers().disarm(*this);
    stop_.request();
    while (gate_.inside() > 0) {
      reactor_.turn(Nanos(0));
    }
    watch_.reset();
  }

 private:
  static io::Task<void> follow(Loop& loop) {
    while (co_await loop.watch_->changed()) {
      loop.debounce_.note(loop.reactor_.now());
      if (!co_await settle(loop)) {
        co_return;
      }
      loop.reload();
    }
  }

  /// Waits until the burst of changes is over. False when stopped.
  static io::Task<bool> settle(Loop& loop) {
    while (!loop.debounce_.take(loop.reactor_.now())) {
      const MonoTime due = *loop.debounce_.due();
      const auto changed = co_await io::withDeadline(
          loop.reactor_,
          io::Deadline(due),
          loop.watch_->changed(),
          Origin::kGateway,
          "files are quiet"
      );
      if (changed) {
        loop.debounce_.note(loop.reactor_.now());
      } else if (changed.error().kind() != ErrorKind::kTimeout) {
        co_return false;
      }
    }
    co_return true;
  }

  /// Until the same files come to something else, as a certificate ends.
  void sleepUntilChange() {
    const auto at = reconciler_.view()->changes_at;
    if (!at) {
      reactor_.timers().disarm(*this);
      return;
    }
    const Micros left(std::to_underlying(*at) - std::to_underlying(reactor_.clock().wall()));
    const Micros sleep = std::clamp(left, Micros(0), kLongestSleep);
    reactor_.timers().arm(*this, reactor_.clock().now() + sleep);
  }

  void onTimer() override {
    const auto at = reconciler_.view()->changes_at;
    if (at && reactor_.clock().wall() < *at) {
      sleepUntilChange();
    } else {
      reactor_.atTurnEnd([this] { reload(); });
    }
  }

  io::Reactor& reactor_;
  Reconciler& reconciler_;
  const Logger& log_;
  io::Gate gate_;
  io::Stop stop_;
  Debounce debounce_;
  std::set<std::string> kept_back_;
  std::unique_ptr<io::FileWatch> watch_;
};

ReloadLoop::ReloadLoop(Source& source, Reconciler& reconciler, const Logger& log)
    : source_(source),
      reconciler_(reconciler),
      loop_(std::make_unique<Loop>(reactor_, reconciler, log)) {
  source.keepWhileWritten([this](const std::string& file) { return loop_->keepsBack(file); });
  if (!loop_->start(source.watchPaths())) {
    log.warn("files cannot be watched; send SIGHUP to reload");
  }
  thread_ = std::thread([this] {
    reactor_.run();
    loop_->stop();
  });
  reconciler.returns().tell([this] { reactor_.post([this] { reconciler_.returns().destroy(); }); });
}

ReloadLoop::~ReloadLoop() {
  reconciler_.returns().tell({});
  reactor_.quit();
  thread_.join();
  source_.keepWhileWritten({});
}

void ReloadLoop::reloadNow() {
  if (wished_.exchange(true)) {
    return;
  }
  reactor_.post([this] {
    wished_ = false;  // before the sources are read: what changes from here on is another wish
    loop_->reload();
  });
}

}  // namespace gatehouse::control
