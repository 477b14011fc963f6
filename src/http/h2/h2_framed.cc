#include "http/h2/h2_framed.h"

#include "io/reactor.h"

namespace gatehouse::http {

H2Framed::Came H2Framed::await_resume() {
  leave();
  if (outgoing_.framed()) {
    return Came::kFramed;
  }
  if (cancelled()) {
    return Came::kCancelled;
  }
  return late_ ? Came::kLate : Came::kWoken;
}

void H2Framed::onSuspend() {
  began_ = reactor().now();
  outgoing_.waiting = this;
  arm();
}

void H2Framed::arm() {
  if (patience_ > Nanos(0)) {
    reactor().timers().arm(*this, reactor().now() + patience_);
  }
}

// Late only if nothing was framed since it was armed.
void H2Framed::onTimer() {
  if (outgoing_.bytes.size() < left_) {
    left_ = outgoing_.bytes.size();
    arm();
    return;
  }
  late_ = true;
  wake();
}

void H2Framed::leave() {
  if (outgoing_.waiting == this) {
    outgoing_.waiting = nullptr;
    waited_ = reactor().now() - began_;
    reactor().timers().disarm(*this);
  }
}

}  // namespace gatehouse::http
