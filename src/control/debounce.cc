#include "control/debounce.h"

#include <algorithm>

namespace gatehouse::control {

void Debounce::note(MonoTime now) {
  if (!first_) {
    first_ = now;
  }
  last_ = now;
}

std::optional<MonoTime> Debounce::due() const {
  if (!first_) {
    return std::nullopt;
  }
  return std::min(last_ + quiet_, *first_ + limit_);
}

bool Debounce::take(MonoTime now) {
  const auto when = due();
  if (!when || now < *when) {
    return false;
  }
  first_.reset();
  return true;
}

}  // namespace gatehouse::control
