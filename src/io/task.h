// Task<T>: a lazy coroutine. It runs when awaited, on the awaiting thread, hands control over by
// symmetric transfer, and has one awaiter. Roots are started by spawn() (io/gate.h) or runTask()
// (io/run_task.h).
//
// Cancellation: every task runs under a Stop, inherited from whoever awaits it; a root gets one
// from spawn. Every awaiter of io/ that suspends is cancelled by that Stop and then resumes with
// Error{kCancelled}. withStop() runs a child under another Stop.
//
// Lifetimes. A suspended coroutine outlives the expression that called it, so:
//   - parameters are values or owning handles; a reference or view is allowed only when the caller
//   awaits at once
//     (`co_await f(x)`) or the contract says what it must outlive;
//   - a lambda that captures is never a coroutine: the closure dies, the frame goes on;
//   - nothing borrowed (a ReadLoan, a lock, a view into a container others change) is held across
//   co_await.
// A frame is freed the moment its result was taken. Destroying a suspended task destroys its
// children and leaves every list they wait in.
//
// An exception that leaves a task ends the process with its text: below the wall exceptions are
// bugs.
#pragma once

#include <coroutine>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include "io/stop.h"

namespace gatehouse::io {

template <typename T = void>
class Task;

/// Prints the current exception and aborts.
[[noreturn]] void crashOnException() noexcept;

/// The part of a promise that awaiters see.
class Promise {
 public:
  /// The Stop this task runs under. Valid while the task runs.
  Stop& stop() const { return *stop_; }
  bool hasStop() const { return stop_ != nullptr; }
  void runUnder(Stop& stop) { stop_ = &stop; }
  void continueWith(std::coroutine_handle<> next) { continuation_ = next; }

  std::suspend_always initial_suspend() noexcept { return {}; }
  auto final_suspend() noexcept { return Final{}; }
  void unhandled_exception() noexcept { crashOnException(); }

 private:
  struct Final {
    bool await_ready() noexcept { return false; }
    template <typename P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) noexcept {
      return static_cast<Promise&>(done.promise()).continuation_;
    }
    void await_resume() noexcept {}
  };

  std::coroutine_handle<> continuation_;
  Stop* stop_ = nullptr;
};

template <typename T>
class TaskPromise final : public Promise {
 public:
  Task<T> get_return_object() noexcept;
  template <typename U>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return *std::move(value_); }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> final : public Promise {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() {}
};

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = TaskPromise<T>;

  Task() = default;
  Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      destroy();
      frame_ = std::exchange(other.frame_, nullptr);
    }
    return *this;
  }
  ~Task() { destroy(); }

  /// False once awaited or moved from.
  explicit operator bool() const { return frame_ != nullptr; }
  /// Identity of the frame, for diagnostics and tests that bound its size.
  void* frameAddress() const { return frame_.address(); }

  /// Starts the task; resumes the caller with its result. Once.
  auto operator co_await() && noexcept { return Awaiter(std::exchange(frame_, nullptr)); }

 private:
  friend promise_type;
  template <typename U>
  friend Task<U> withStop(Stop& stop, Task<U> task);

  using Frame = std::coroutine_handle<promise_type>;

  class Awaiter {
   public:
    explicit Awaiter(Frame frame) : frame_(frame) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() {
      if (frame_) {
        frame_.destroy();
      }
    }

    bool await_ready() const noexcept { return false; }
    template <typename P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> caller) noexcept {
      promise_type& promise = frame_.promise();
      promise.continueWith(caller);
      if (!promise.hasStop()) {
        promise.runUnder(caller.promise().stop());
      }
      return frame_;
    }
    T await_resume() {
      if constexpr (std::is_void_v<T>) {
        std::exchange(frame_, nullptr).destroy();
      } else {
        T value = frame_.promise().take();
        std::exchange(frame_, nullptr).destroy();
        return value;
      }
    }

   private:
    Frame frame_;
  };

  explicit Task(Frame frame) : frame_(frame) {}

  void destroy() {
    if (frame_) {
      frame_.destroy();
    }
  }

  Frame frame_;
};

template <typename T>
Task<T> TaskPromise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}
inline Task<void> TaskPromise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

/// The task, to be run under `stop` instead of the awaiting task's. `stop` outlives the task. Link
/// it to the parent's with a StopLink if the parent's Stop shall count as well.
template <typename T>
Task<T> withStop(Stop& stop, Task<T> task) {
  task.frame_.promise().runUnder(stop);
  return task;
}

/// `Stop& stop = co_await currentStop();`: the Stop the calling task runs under. Never suspends.
class CurrentStop {
 public:
  bool await_ready() const noexcept { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> caller) noexcept {
    stop_ = &caller.promise().stop();
    return false;
  }
  Stop& await_resume() const noexcept { return *stop_; }

 private:
  Stop* stop_ = nullptr;
};
inline CurrentStop currentStop() {
  return {};
}

}  // namespace gatehouse::io
