// Tasks nobody awaits. Gate: "no new work, wait for the old". Whoever spawns tasks owns a Gate and
// awaits its close() before it dies. A Child is a task that is part of an object and dies with it.
#pragma once

#include <coroutine>
#include <cstddef>
#include <utility>

#include "base/result.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {

/// Owner's loop only.
class Gate {
 public:
  explicit Gate(Reactor& reactor) : reactor_(reactor) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  /// Nobody is inside.
  ~Gate();

  /// False, and not entered, once close() was called or awaited.
  [[nodiscard]] bool enter();
  void leave();
  std::size_t inside() const { return inside_; }
  bool closed() const { return closed_; }
  Reactor& reactor() const { return reactor_; }

  class Empty final : public Waiter {
   public:
    explicit Empty(Gate& gate);
    ~Empty() override;
    bool await_ready() const;
    Result<void> await_resume();

   private:
    void onSuspend() override;

    Gate& gate_;
  };

  /// Lets nobody in any more; `co_await gate.close()` resumes when the last one left: Result<void>.
  /// kCancelled if the waiting task is stopped first: the gate then stays closed and may be awaited
  /// again. One waiter at a time.
  Empty close();

 private:
  Reactor& reactor_;
  Waiter* waiter_ = nullptr;
  std::size_t inside_ = 0;
  bool closed_ = false;
};

/// Closes the gate and waits until it is empty, whatever the caller's Stop says: for owners whose
/// children borrow from them.
Task<void> drain(Gate& gate);

/// Inside a gate as long as it lives.
class GateHold {
 public:
  /// Empty when the gate is closed.
  explicit GateHold(Gate& gate) : gate_(gate.enter() ? &gate : nullptr) {}
  GateHold(GateHold&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
  GateHold& operator=(GateHold&&) = delete;
  ~GateHold() {
    if (gate_ != nullptr) {
      gate_->leave();
    }
  }
  explicit operator bool() const { return gate_ != nullptr; }

 private:
  Gate* gate_;
};

/// Starts `task` as a root on the gate's loop, in this turn, after the caller suspends or returns.
/// `stop` outlives the task; the task leaves the gate when its frame is freed. False, and the task
/// destroyed unstarted, when the gate is closed.
bool spawn(Gate& gate, Task<void> task, Stop& stop);

/// A task run beside its owner, on the owner's loop: it begins at once and is destroyed, wherever
/// it waits, with this. Not destroyed from within the task.
class Child {
 public:
  /// `stop` outlives it.
  Child(Task<void> task, Stop& stop);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

 private:
  std::coroutine_handle<> frame_;
};

}  // namespace gatehouse::io
