// What belongs to the process as a whole: its signals, as events on one loop (signalfd), its
// descriptor limit, its allocator.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>

#include "base/result.h"
#include "io/reactor.h"
#include "io/waiter.h"

namespace gatehouse::io {

/// Blocks these signals for the calling thread and all it starts later: call before any thread is
/// started. SIGPIPE is ignored as well.
void blockSignals(std::initializer_list<int> signals);

/// Owner's loop only.
class Signals final : private FdWatcher {
 public:
  /// Of signals that were blocked. kSystem.
  static Result<std::unique_ptr<Signals>> start(
      Reactor& reactor, std::initializer_list<int> signals
  );
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

  class Next final : public Waiter {
   public:
    explicit Next(Signals& signals);
    ~Next() override;
    bool await_ready();
    Result<int> await_resume();

   private:
    void onSuspend() override;
    bool settle() override;
    void leave();

    Signals& signals_;
    int number_ = 0;
  };

  /// `co_await signals.next()`: Result<int>, the number of the next signal. kCancelled. One waiter
  /// at a time.
  Next next() { return Next(*this); }

 private:
  Signals(Reactor& reactor, int fd) : reactor_(reactor), fd_(fd) {}

  void onFd(FdEvents events) override;
  /// 0 when none waits.
  int tryNext();

  Reactor& reactor_;
  Waiter* waiter_ = nullptr;
  int fd_;
};

/// A proxied stream costs two descriptors.
struct FdLimit {
  std::uint64_t before = 0;
  std::uint64_t now = 0;
};

/// Raises the soft limit to the hard one; says both values. kSystem.
Result<FdLimit> raiseFdLimit();

/// Tells the allocator to keep memory instead of giving it back and taking it again. Once, first
/// thing in main().
void tuneAllocator();

}  // namespace gatehouse::io
