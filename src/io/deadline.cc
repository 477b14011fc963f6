#include "io/deadline.h"

#include "base/result.h"

namespace gatehouse::io {

void DeadlineTimer::arm(Deadline deadline) {
  if (deadline.isNever()) {
    disarm();
  } else {
    reactor_.timers().arm(*this, deadline.at());
  }
}

void DeadlineTimer::disarm() {
  reactor_.timers().disarm(*this);
}

void DeadlineTimer::onTimer() {
  fired_ = true;
  stop_.request();
}

void Sleep::onSuspend() {
  if (!until_.isNever()) {
    reactor().timers().arm(*this, until_.at());
  }
}

Result<void> Sleep::await_resume() {
  if (cancelled()) {
    reactor().timers().disarm(*this);
    return cancelledError();
  }
  return {};
}

}  // namespace gatehouse::io
