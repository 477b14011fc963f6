// How often something may happen: so many at once, so many a second in the long run. A value; who
// asks brings the time.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace gatehouse::http {

class Allowance {
 public:
  struct Rate {
    int at_once;
    int per_second;
  };
  explicit Allowance(Rate rate)
      : step_(Nanos(Seconds(1)) / rate.per_second), depth_(step_ * rate.at_once) {}

  /// One more; false when that is too many.
  bool take(MonoTime now) {
    spent_until_ = std::max(spent_until_, now) + step_;
    return spent_until_ - now <= depth_;
  }
  /// `count` that are taken later do not count.
  void earn(int count) { spent_until_ -= step_ * count; }

 private:
  Nanos step_;
  Nanos depth_;
  MonoTime spent_until_{};
};

}  // namespace gatehouse::http
