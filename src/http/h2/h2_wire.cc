#include "http/h2/h2_wire.h"

#include <utility>

namespace gatehouse::http {
namespace {

// Framed ahead of what the peer has taken, at most: about what a socket takes at once.
constexpr std::size_t kAhead = 128U << 10;
// So much is not kept until the end of the turn.
constexpr std::size_t kSentAtOnce = 16U << 10;

}  // namespace

H2Wire::H2Wire(
    io::Reactor& loop,
    std::unique_ptr<io::Stream> connection,
    H2Role role,
    const H2Limits& limits,
    H2SessionEvents& events
)
    : reactor(loop), stream(std::move(connection)), session(role, limits, events) {}

void H2Wire::push() {
  if (lost || stuck_since) {
    return;
  }
  session.collect(out, kAhead);
  if (out.hasLent() || out.size() >= kSentAtOnce || pulse == nullptr) {
    flush();
  } else if (!out.empty()) {
    pulse->wake();
  }
}

void H2Wire::flush() {
  while (!lost) {
    if (!stuck_since) {
      session.collect(out, kAhead);
      if (out.empty()) {
        return;
      }
    }
    OutQueue::Sent sent = out.send(*stream);
    if (sent.state == io::IoState::kWouldBlock) {
      bool is_new = !stuck_since.has_value();
      if (is_new || sent.bytes != 0) {
        stuck_since = reactor.now();
      }
      if (is_new && pulse != nullptr) {
        pulse->interrupt();  // it has a deadline now, and waits for two things
      }
      return;
    }
    stuck_since.reset();
    if (sent.state != io::IoState::kDone) {
      lost = true;
      if (pulse != nullptr) {
        pulse->wake();
      }
    }
  }
}

void H2Wire::close() {
  lost = true;
  stream->close();
}

H2Pulse::H2Pulse(H2Wire& wire, io::Deadline deadline, std::size_t bytes_before)
    : Waiter(wire.reactor), wire_(wire), deadline_(deadline), bytes_before_(bytes_before) {}

H2Pulse::~H2Pulse() {
  leave();
}

void H2Pulse::onSuspend() {
  waiting_ = true;
  wire_.pulse = this;
  wire_.stream->setReader(this);
  watches_writing_ = wire_.stuck_since.has_value();
  if (watches_writing_) {
    wire_.stream->setWriter(this);
  }
  if (!deadline_.isNever()) {
    reactor().timers().arm(*this, deadline_.at());
  }
  if (bytes_before_ != 0) {
    // What is to be sent leaves in this turn; whether there is more to read is seen in the next.
    wake();
  }
}

bool H2Pulse::settle() {
  wire_.flush();
  if (wire_.over() || called_) {
    return true;
  }
  if (waiting_ && std::exchange(bytes_before_, 0) == wire_.reactor.readSpace().size()) {
    // The space was filled: no event will tell of the rest.
    wakeNextTurn();
    return false;
  }
  progress_ = wire_.stream->tryRead(wire_.reactor.readSpace());
  return progress_.state != io::IoState::kWouldBlock || late_;
}

void H2Pulse::onTimer() {
  late_ = true;
  wake();
}

void H2Pulse::interrupt() {
  called_ = true;
  wake();
}

void H2Pulse::leave() {
  if (waiting_) {
    waiting_ = false;
    wire_.pulse = nullptr;
    wire_.stream->setReader(nullptr);
    if (watches_writing_) {
      wire_.stream->setWriter(nullptr);
    }
    reactor().timers().disarm(*this);
  }
}

H2Pulse::Came H2Pulse::await_resume() {
  leave();
  if (cancelled()) {
    return Came::kCancelled;
  }
  if (wire_.lost || progress_.state == io::IoState::kEnd ||
      progress_.state == io::IoState::kFailed) {
    return Came::kEnd;
  }
  if (progress_.state == io::IoState::kDone) {
    return Came::kBytes;
  }
  return called_ ? Came::kCalled : Came::kLate;
}

}  // namespace gatehouse::http
