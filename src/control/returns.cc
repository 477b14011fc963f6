#include "control/returns.h"

#include <utility>

namespace gatehouse::control {

Returns::Handle Returns::lend(Handle snapshot) {
  const snapshot::Snapshot* lent = snapshot.get();
  return {lent, [home = shared_from_this(), inner = std::move(snapshot)](const auto*) mutable {
            home->take(std::move(inner));
          }};
}

void Returns::take(Handle snapshot) {
  const std::lock_guard lock(mutex_);
  back_.push_back(std::move(snapshot));
  if (told_) {
    told_();
  }
}

void Returns::destroy() {
  std::vector<Handle> back;
  {
    const std::lock_guard lock(mutex_);
    back.swap(back_);
  }
}

void Returns::tell(std::function<void()> told) {
  const std::lock_guard lock(mutex_);
  told_ = std::move(told);
}

}  // namespace gatehouse::control
