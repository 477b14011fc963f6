// What the parts of one HTTP/2 connection share, of either side: the stream, the session on it, and
// the one place where bytes leave. Internal to h2/. Owner's loop only.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "http/h2/h2_session.h"
#include "http/h2/out_queue.h"
#include "io/deadline.h"
#include "io/reactor.h"
#include "io/stream.h"
#include "io/timers.h"
#include "io/waiter.h"

namespace gatehouse::http {

class H2Pulse;

struct H2Wire {
  H2Wire(
      io::Reactor& loop,
      std::unique_ptr<io::Stream> connection,
      H2Role role,
      const H2Limits& limits,
      H2SessionEvents& events
  );
  H2Wire(const H2Wire&) = delete;
  H2Wire& operator=(const H2Wire&) = delete;

  /// Something was handed to the session: frames it. Small things leave within this turn, together
  /// with what others hand over in it; lent bytes leave at once or are copied.
  void push();
  /// Sends what the peer takes.
  void flush();
  /// Ends it now.
  void close();
  /// All is said on both sides.
  bool over() const { return lost || (out.empty() && session.over()); }

  io::Reactor& reactor;
  std::unique_ptr<io::Stream> stream;
  H2Session session;
  OutQueue out{};
  H2Pulse* pulse = nullptr;               // who waits for the peer
  std::optional<MonoTime> stuck_since{};  // the peer has taken nothing of `out` since
  bool lost = false;                      // nothing can be sent or received any more

 protected:
  ~H2Wire() = default;
};

/// `co_await H2Pulse(...)`: waits for bytes of the peer and sends meanwhile.
class H2Pulse final : public io::Waiter, private io::Timer {
 public:
  enum class Came : std::uint8_t {
    kBytes,   // count() of them at the front of the reactor's read space
    kEnd,     // the peer has ended its side, or the connection is lost
    kLate,    // nothing by the deadline
    kCalled,  // by interrupt()
    kCancelled,
  };

  /// `bytes_before`: how many the pulse before brought. After some, others come first.
  H2Pulse(H2Wire& wire, io::Deadline deadline, std::size_t bytes_before);
  ~H2Pulse() override;

  bool await_ready() { return bytes_before_ == 0 && settle(); }
  Came await_resume();
  std::size_t count() const { return progress_.bytes; }

  /// Ends the wait.
  void interrupt();

 private:
  void onSuspend() override;
  bool settle() override;
  void onTimer() override;
  void leave();

  H2Wire& wire_;
  io::Deadline deadline_;
  io::IoProgress progress_{0, io::IoState::kWouldBlock};
  std::size_t bytes_before_;
  bool waiting_ = false;
  bool watches_writing_ = false;
  bool late_ = false;
  bool called_ = false;
};

}  // namespace gatehouse::http
