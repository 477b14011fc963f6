// Reading and writing with limits in time, without a coroutine frame for it: awaiters over a
// stream's try-functions, each its own timer. The common case, bytes there or taken at once, arms
// nothing. Owner's loop only.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/deadline.h"
#include "io/stream.h"
#include "io/timers.h"
#include "io/waiter.h"

namespace gatehouse::http {

/// `co_await TimedRead(...)`: Result<std::size_t>, the bytes received into `target`, 0 at the end
/// of the stream. Errors: the stream's; kTimeout once the deadline has passed; kCancelled.
class TimedRead final : public io::Waiter, private io::Timer {
 public:
  /// `target` is not empty. To receive into the worker's shared read buffer, give
  /// reactor.readSpace().
  TimedRead(io::Stream& stream, std::span<char> target, io::Deadline deadline, Origin origin);
  ~TimedRead() override;

  bool await_ready() { return settle(); }
  Result<std::size_t> await_resume();

  /// As if the deadline had passed now.
  void interrupt() { onTimer(); }

 private:
  void onSuspend() override;
  bool settle() override;
  void onTimer() override;
  void leave();

  io::Stream& stream_;
  std::span<char> target_;
  io::Deadline deadline_;
  io::IoProgress progress_;
  Origin origin_;
  bool waiting_ = false;
  bool late_ = false;
};

/// What becomes of bytes the system does not take at once.
enum class Unsent : std::uint8_t { kBorrowed, kCopied };

/// What ends a TimedWrite besides success.
enum class WriteEnd : std::uint8_t { kAllSent, kAnswered };

/// `co_await TimedWrite(...)`: Result<WriteEnd>. Sends all parts, waiting for the peer as often as
/// it takes bytes within `patience` of each other (zero: for ever). Watching for an answer, it ends
/// early once the peer has sent something or ended its side; bytes received are then in the shared
/// read buffer, see answer(), and awaiting it again goes on with the rest. Errors: the stream's;
/// kTimeout; kCancelled.
class TimedWrite final : public io::Waiter, private io::Timer {
 public:
  struct Rules {
    Nanos patience{0};
    Unsent unsent = Unsent::kBorrowed;
    bool watch_answer = false;
    Origin origin = Origin::kDownstream;
  };

  /// kBorrowed: `parts` and the bytes they view stay valid until it resumes; kCopied: until the
  /// first suspension.
  TimedWrite(io::Stream& stream, std::span<const std::string_view> parts, Rules rules);
  ~TimedWrite() override;

  bool await_ready() { return settle(); }
  Result<WriteEnd> await_resume();

  /// Bytes of the answer that came meanwhile, at the front of the reactor's read space; 0 when the
  /// peer only ended its side.
  std::size_t answer() const { return answer_; }
  /// Awaited again, it sends the rest whatever the peer says.
  void ignoreAnswer() { rules_.watch_answer = false; }
  /// Bytes the system took.
  std::size_t taken() const { return taken_; }
  /// How long it waited for the peer.
  Nanos waited() const { return waited_; }

 private:
  void onSuspend() override;
  bool settle() override;
  void onTimer() override;
  void leave();
  void copyUnsent();
  bool send();
  bool receive();
  void armTimer();

  io::Stream& stream_;
  std::span<const std::string_view> parts_;
  std::size_t offset_ = 0;  // bytes of parts_[0] already taken
  std::string copy_;
  std::array<std::string_view, 1> single_;
  std::size_t answer_ = 0;
  std::size_t taken_ = 0;
  MonoTime suspended_at_{};
  Nanos waited_{0};
  Rules rules_;
  io::IoState state_ = io::IoState::kWouldBlock;
  bool answered_ = false;
  bool waiting_ = false;
  bool late_ = false;
};

}  // namespace gatehouse::http
