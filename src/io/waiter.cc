#include "io/waiter.h"

#include <coroutine>
#include <expected>

#include "base/error.h"
#include "base/result.h"
#include "io/reactor.h"
#include "io/stop.h"

namespace gatehouse::io {

void Waiter::wake() {
  if (!scheduled()) {
    reactor_.runSoon(*this);
  }
}

void Waiter::wakeNextTurn() {
  if (!scheduled()) {
    reactor_.runNextTurn(*this);
  }
}

std::unexpected<Error> Waiter::cancelledError() {
  return fail(ErrorKind::kCancelled, Origin::kGateway, "cancelled");
}

bool Waiter::suspend(std::coroutine_handle<> caller, Stop& stop) {
  caller_ = caller;
  if (!arm(stop)) {
    cancelled_ = true;
    return false;
  }
  onSuspend();
  return true;
}

void Waiter::run() {
  if (!cancelled_ && !settle()) {
    return;
  }
  disarm();
  caller_.resume();
}

void Waiter::onStop() {
  cancelled_ = true;
  wake();
}

}  // namespace gatehouse::io
