// Threads for work that blocks (files, databases), with the result awaited on a loop. Never run
// such work on a worker.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/reactor.h"
#include "io/waiter.h"

namespace gatehouse::io {

/// run() and submit() on any thread. Stop it before the reactors that wait for its results.
class BlockingThreads {
 public:
  /// `name` shows in process listings; at most 15 characters.
  BlockingThreads(const std::string& name, std::size_t threads);
  BlockingThreads(const BlockingThreads&) = delete;
  BlockingThreads& operator=(const BlockingThreads&) = delete;
  /// Finishes what was submitted, then joins.
  ~BlockingThreads();

  /// Runs `work` on one of the threads, in order of submission.
  void submit(Posted work);

 private:
  void serve(const std::string& name);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Posted> queue_;  // guarded by mutex_
  bool closing_ = false;      // guarded by mutex_
  std::vector<std::jthread> threads_;
};

/// `co_await runBlocking(threads, reactor, work)`: Result<T> for `Result<T> work()`. The caller
/// resumes on its own loop. Cancelled, it resumes with kCancelled at once; the work still runs to
/// its end and its result is dropped, so `work` owns what it touches.
template <typename Work>
class Blocking final : public Waiter {
 public:
  using Outcome = std::invoke_result_t<Work&>;

  Blocking(BlockingThreads& threads, Reactor& reactor, Work work)
      : Waiter(reactor), threads_(threads), work_(std::move(work)) {}
  ~Blocking() override {
    if (shared_ != nullptr) {
      shared_->waiter = nullptr;
    }
  }

  bool await_ready() const { return false; }
  Outcome await_resume() {
    if (cancelled()) {
      return cancelledError();
    }
    return *std::move(shared_->outcome);
  }

 private:
  /// Outcome is written by the thread before the post that hands it to the loop; waiter belongs to
  /// the loop.
  struct Shared {
    std::optional<Outcome> outcome;
    Waiter* waiter = nullptr;
  };

  void onSuspend() override {
    shared_ = std::make_shared<Shared>();
    shared_->waiter = this;
    threads_.submit([shared = shared_, work = std::move(work_), &loop = reactor()]() mutable {
      shared->outcome.emplace(work());
      loop.post([shared = std::move(shared)] {
        if (shared->waiter != nullptr) {
          shared->waiter->wake();
        }
      });
    });
  }

  BlockingThreads& threads_;
  Work work_;
  std::shared_ptr<Shared> shared_;
};

template <typename Work>
Blocking<Work> runBlocking(BlockingThreads& threads, Reactor& reactor, Work work) {
  return Blocking<Work>(threads, reactor, std::move(work));
}

}  // namespace gatehouse::io
