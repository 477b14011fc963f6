// Reactor: one edge-triggered epoll loop on one thread. A turn waits for events, marks and wakes,
// fires timers, runs posted work, then runs what is ready, then what was put off to its end. No
// coroutine runs while events are being handed out, so nothing an event refers to can die
// meanwhile.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/buffer_pool.h"
#include "io/read_loan.h"
#include "io/timers.h"
#include "io/waiter.h"

namespace gatehouse::io {

/// What happened to a descriptor since the last call.
struct FdEvents {
  bool readable = false;
  bool writable = false;
  /// The peer will send no more, or the connection is gone.
  bool peer_closed = false;
  /// Error or full hang-up: reading and writing both answer at once.
  bool failed = false;
};

/// Called by the loop; only marks and wakes.
class FdWatcher {
 public:
  virtual void onFd(FdEvents events) = 0;

 protected:
  ~FdWatcher() = default;
};

/// Work handed to a loop. Move-only, so it may carry owning handles.
using Posted = std::move_only_function<void()>;

struct ReactorOptions {
  /// Outlives the reactor; null means the system's.
  const Clock* clock = nullptr;
  /// Bytes of the shared read buffer.
  std::size_t read_buffer = 128u << 10;
  /// Cap of the buffer pool, bytes.
  std::size_t buffer_cap = 256u << 20;
};

/// Everything but post(), quit() and quitting() belongs to the thread that runs the loop (before
/// run(): to its creator).
class Reactor {
 public:
  /// Ends the process when the system refuses an epoll descriptor: that is a failed start.
  explicit Reactor(ReactorOptions options = {});
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  /// Every stream, timer and task of this reactor is gone.
  ~Reactor();

  /// Turns until quit().
  void run();
  /// One turn; waits at most `at_most` for the first event.
  void turn(Nanos at_most);
  /// Any thread. run() returns after its current turn.
  void quit();

  /// Any thread. Runs on the loop, in order of posting. Work posted after the last turn is
  /// destroyed unrun with the reactor.
  void post(Posted work);

  /// Time of the current turn; cheap.
  MonoTime now() const { return now_; }
  const Clock& clock() const { return *clock_; }
  TimerQueue& timers() { return timers_; }
  BufferPool& buffers() { return buffers_; }

  /// The worker's shared read buffer, to receive into; lendRead() follows before anyone else may
  /// use it.
  std::span<char> readSpace() { return {read_buffer_.get(), read_size_}; }
  /// The first `count` bytes of readSpace(), lent. Makes every earlier loan stale.
  ReadLoan lendRead(std::size_t count);
  /// A second shared buffer for bytes on their way through TLS; free for use between two
  /// suspensions.
  std::span<char> scratch() { return {scratch_.get(), kScratch}; }

  /// Reports all events of `fd`, edge-triggered, from now on. kSystem when refused. The watcher
  /// outlives the watch.
  Result<void> watch(int fd, FdWatcher& watcher);
  /// Closing the last descriptor of a file ends its watch as well.
  void unwatch(int fd);

  /// Runs `ready` in this turn, or in the next when called from a turn's end.
  void runSoon(Ready& ready);
  /// Runs `ready` in the next turn, after that turn's events were seen.
  void runNextTurn(Ready& ready);
  /// Runs `work` when this turn's ready list was served: for objects that end themselves from
  /// inside their own call.
  void atTurnEnd(Posted work);

  static constexpr std::size_t kScratch = 96u << 10;

 private:
  class Bell;

  void collectEvents(Nanos at_most);
  void runPosted();
  void runReady();
  void endTurn();
  int waitMillis(Nanos at_most) const;

  SystemClock system_clock_;
  const Clock* clock_;
  MonoTime now_;
  TimerQueue timers_;
  BufferPool buffers_;
  std::unique_ptr<char[]> read_buffer_;
  std::unique_ptr<char[]> scratch_;
  std::size_t read_size_;
  std::size_t lent_most_ = 0;  // to poison at the turn's end
  LoanEpoch epoch_;
  List<Ready> ready_;
  List<Ready> next_turn_;
  std::vector<Posted> turn_end_;
  int epoll_ = -1;
  std::unique_ptr<Bell> bell_;

  std::mutex mutex_;
  std::vector<Posted> posted_;  // guarded by mutex_
  bool quit_ = false;           // guarded by mutex_
  bool stopping_ = false;
};

/// `co_await nextTurn(reactor)`: lets everybody else run first. Result<void>, kCancelled.
class NextTurn final : public Waiter {
 public:
  explicit NextTurn(Reactor& reactor) : Waiter(reactor) {}
  bool await_ready() const { return false; }
  Result<void> await_resume();

 private:
  void onSuspend() override;
};
inline NextTurn nextTurn(Reactor& reactor) {
  return NextTurn(reactor);
}

}  // namespace gatehouse::io
