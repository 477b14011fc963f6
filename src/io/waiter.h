// What every awaiter of this room is made of: a suspended coroutine that one event, or its Stop,
// may wake.
#pragma once

#include <coroutine>

#include "base/result.h"
#include "io/list.h"
#include "io/stop.h"

namespace gatehouse::io {

class Reactor;

/// Something the loop runs soon. Dying takes it off the list.
class Ready : private ListNode {
 public:
  Ready() = default;

 protected:
  virtual ~Ready() = default;
  bool scheduled() const { return linked(); }

 private:
  friend class Reactor;
  friend class List<Ready>;

  /// On the loop, outside any coroutine. May destroy *this.
  virtual void run() = 0;
};

/// Derived awaiters add await_ready() and await_resume(), register with their event source in
/// await_ready() or in onSuspend(), and leave it in await_resume() and in their destructor.
class Waiter : private Ready, private StopCallback {
 public:
  explicit Waiter(Reactor& reactor) : reactor_(reactor) {}
  ~Waiter() override = default;

  /// The event came: settle() runs later in this turn. Owner's loop only; a second call changes
  /// nothing.
  void wake();
  /// As wake(), in the next turn: for a waiter that gives way to others.
  void wakeNextTurn();

  template <typename P>
  bool await_suspend(std::coroutine_handle<P> caller) {
    return suspend(caller, caller.promise().stop());
  }

 protected:
  Reactor& reactor() const { return reactor_; }
  /// True after the Stop was raised before the event was settled.
  bool cancelled() const { return cancelled_; }
  /// The error of a cancelled wait.
  static std::unexpected<Error> cancelledError();

 private:
  /// Called when the wait begins: register with the event source.
  virtual void onSuspend() {}
  /// After wake(): true when the wait is over and the coroutine goes on, false to keep waiting.
  virtual bool settle() { return true; }

  bool suspend(std::coroutine_handle<> caller, Stop& stop);
  void run() final;
  void onStop() final;

  Reactor& reactor_;
  std::coroutine_handle<> caller_;
  bool cancelled_ = false;
};

/// "Something happened", remembered until somebody waited for it; many notifications before a wait
/// count as one. Owner's loop only; outlives its waiter. One waiter at a time.
class Event {
 public:
  explicit Event(Reactor& reactor) : reactor_(reactor) {}
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() = default;

  void notify() {
    happened_ = true;
    if (waiter_ != nullptr) {
      waiter_->wake();
    }
  }
  bool happened() const { return happened_; }

  class Wait final : public Waiter {
   public:
    explicit Wait(Event& event) : Waiter(event.reactor_), event_(event) {}
    ~Wait() override { leave(); }
    bool await_ready() const { return event_.happened_; }
    Result<void> await_resume() {
      leave();
      if (cancelled()) {
        return cancelledError();
      }
      event_.happened_ = false;
      return {};
    }

   private:
    void onSuspend() override { event_.waiter_ = this; }
    void leave() {
      if (event_.waiter_ == this) {
        event_.waiter_ = nullptr;
      }
    }

    Event& event_;
  };

  /// `co_await event.wait()`: Result<void>; kCancelled, and the notification is kept.
  Wait wait() { return Wait(*this); }

 private:
  Reactor& reactor_;
  Waiter* waiter_ = nullptr;
  bool happened_ = false;
};

}  // namespace gatehouse::io
