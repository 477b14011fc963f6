#include "io/gate.h"

#include <coroutine>
#include <utility>

#include "base/check.h"
#include "base/result.h"
#include "io/reactor.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {

Gate::~Gate() {
  GATEHOUSE_INVARIANT(inside_ == 0);
}

bool Gate::enter() {
  if (closed_) {
    return false;
  }
  ++inside_;
  return true;
}

void Gate::leave() {
  GATEHOUSE_DEBUG_CHECK(inside_ > 0);
  --inside_;
  if (inside_ == 0 && waiter_ != nullptr) {
    waiter_->wake();
  }
}

Gate::Empty Gate::close() {
  closed_ = true;
  return Empty(*this);
}

Gate::Empty::Empty(Gate& gate) : Waiter(gate.reactor_), gate_(gate) {}

Gate::Empty::~Empty() {
  if (gate_.waiter_ == this) {
    gate_.waiter_ = nullptr;
  }
}

bool Gate::Empty::await_ready() const {
  return gate_.inside_ == 0;
}

void Gate::Empty::onSuspend() {
  GATEHOUSE_INVARIANT(gate_.waiter_ == nullptr);
  gate_.waiter_ = this;
}

Result<void> Gate::Empty::await_resume() {
  if (gate_.waiter_ == this) {
    gate_.waiter_ = nullptr;
  }
  if (cancelled()) {
    return cancelledError();
  }
  return {};
}

namespace {

Task<void> awaitEmpty(Gate& gate) {
  static_cast<void>(co_await gate.close());
}

/// A coroutine without an awaiter: frees its own frame at the end and leaves its gate.
class Root {
 public:
  class promise_type final : public Promise, private Ready {
   public:
    promise_type(Gate& gate, Task<void>&, Stop& stop) : gate_(gate) { runUnder(stop); }

    Root get_return_object() noexcept {
      gate_.reactor().runSoon(*this);
      return {};
    }
    auto final_suspend() noexcept { return End{}; }
    void return_void() noexcept {}

   private:
    struct End {
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        Gate& gate = self.promise().gate_;
        self.destroy();
        gate.leave();
      }
      void await_resume() noexcept {}
    };

    void run() override { std::coroutine_handle<promise_type>::from_promise(*this).resume(); }

    Gate& gate_;
  };
};

// The references are the promise's constructor arguments; spawn's contract says how long they live.
Root runRoot(Gate& /*gate*/, Task<void> task, Stop& /*stop*/) {
  co_await std::move(task);
}

/// A coroutine whose frame is its owner's.
class Owned {
 public:
  class promise_type final : public Promise {
   public:
    promise_type(Task<void>&, Stop& stop) { runUnder(stop); }

    Owned get_return_object() noexcept {
      return Owned{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
  };

  explicit Owned(std::coroutine_handle<> made) : frame(made) {}

  std::coroutine_handle<> frame;
};

Owned runOwned(Task<void> task, Stop& /*stop*/) {
  co_await std::move(task);
}

}  // namespace

Child::Child(Task<void> task, Stop& stop) : frame_(runOwned(std::move(task), stop).frame) {
  frame_.resume();
}

Child::~Child() {
  frame_.destroy();
}

Task<void> drain(Gate& gate) {
  Stop never;
  co_await withStop(never, awaitEmpty(gate));
}

bool spawn(Gate& gate, Task<void> task, Stop& stop) {
  if (!gate.enter()) {
    return false;
  }
  runRoot(gate, std::move(task), stop);
  return true;
}

}  // namespace gatehouse::io
