// Waits until what a stream has to send is framed, as far as the peer's windows let it. Internal to
// h2/. Owner's loop only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "http/h2/h2_session.h"
#include "io/timers.h"
#include "io/waiter.h"

namespace gatehouse::http {

/// `co_await H2Framed(...)`: also ends when somebody else wakes who waits for `outgoing`.
class H2Framed final : public io::Waiter, private io::Timer {
 public:
  enum class Came : std::uint8_t {
    kFramed,
    kWoken,  // and not framed
    kLate,   // nothing was framed for as long as `patience`; zero is for ever
    kCancelled,
  };

  /// `outgoing` outlives it; nobody else waits for it, and nothing is behind its `bytes`.
  H2Framed(io::Reactor& reactor, H2Outgoing& outgoing, Nanos patience)
      : Waiter(reactor), outgoing_(outgoing), left_(outgoing.bytes.size()), patience_(patience) {}
  ~H2Framed() override { leave(); }

  bool await_ready() const { return outgoing_.framed(); }
  Came await_resume();
  /// How long it waited.
  Nanos waited() const { return waited_; }

 private:
  void onSuspend() override;
  void onTimer() override;
  void arm();
  void leave();

  H2Outgoing& outgoing_;
  std::size_t left_;
  Nanos patience_;
  MonoTime began_{};
  Nanos waited_{0};
  bool late_ = false;
};

}  // namespace gatehouse::http
