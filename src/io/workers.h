// The worker threads: one reactor each, nothing shared between them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "io/reactor.h"

namespace gatehouse::io {

class Workers {
 public:
  /// Starts `count` (at least 1) threads, each running its reactor. Ends the process when the
  /// system refuses them.
  Workers(std::size_t count, ReactorOptions options);
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  /// Stops and joins.
  ~Workers();

  std::size_t size() const { return reactors_.size(); }
  /// For post() only, unless on that worker's own thread.
  Reactor& reactor(std::size_t worker) { return *reactors_[worker]; }

  /// Any thread: runs `work` on that worker's loop.
  void post(std::size_t worker, Posted work) { reactors_[worker]->post(std::move(work)); }
  /// Any thread: runs a copy of `work` on every worker's loop.
  void postAll(const std::function<void(std::size_t worker, Reactor& reactor)>& work);
  /// Any thread but a worker's: as postAll, and returns when all have run it.
  void runOnAll(const std::function<void(std::size_t worker, Reactor& reactor)>& work);
  /// Ends the loops after their current turn and joins; what lives on them must be closed before. A
  /// second call does nothing.
  void stop();

 private:
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::vector<std::jthread> threads_;
};

}  // namespace gatehouse::io
