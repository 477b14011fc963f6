// Event: "something happened", remembered until somebody waited for it. Many notifications before a
// wait count as one.
#pragma once

#include <utility>

#include "base/result.h"
#include "io/waiter.h"

namespace gatehouse::io {

/// Owner's loop only; outlives its waiter. One waiter at a time.
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
