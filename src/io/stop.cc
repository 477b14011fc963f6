#include "io/stop.h"

namespace gatehouse::io {

bool StopCallback::arm(Stop& stop) {
  if (stop.requested_) {
    return false;
  }
  stop.callbacks_.pushBack(*this);
  return true;
}

void Stop::request() {
  if (requested_) {
    return;
  }
  requested_ = true;
  // One by one: a callback may disarm others that still wait in the list.
  while (StopCallback* callback = callbacks_.popFront()) {
    callback->onStop();
  }
}

StopLink::StopLink(Stop& parent, Stop& child) : child_(child) {
  if (!arm(parent)) {
    child_.request();
  }
}

}  // namespace gatehouse::io
