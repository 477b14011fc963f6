// Request ids (telemetry specification section 12.2): time-ordered, 63 bits, made by each worker
// without sharing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace gatehouse::telemetry {

/// (microseconds since 2020-01-01 UTC) << 10 | worker % 64 (6 bits) << 4 | sequence (4 bits). Zero
/// is no id.
enum class RequestId : std::uint64_t {};

/// 13 characters of Crockford base 32; the order of texts is the order of ids.
std::string toText(RequestId id);
/// Lower case and the look-alikes I, L and O are accepted. Nothing if it is no such text.
std::optional<RequestId> requestIdFrom(std::string_view text);
/// The moment an id was made, to the microsecond.
WallMicros timeOf(RequestId id);

/// Makes ids that only grow, unique in the process as long as no two sources share a worker number.
/// Owner's thread.
class IdSource {
 public:
  /// `worker` is below 256. Four workers may share a number of 6 bits: each has a quarter of the
  /// sequence.
  explicit IdSource(unsigned worker);
  /// When more than four ids fall into one microsecond, or the clock steps back, the ids run ahead
  /// of `now`.
  RequestId next(WallMicros now);

 private:
  std::uint64_t place_;  // the bits below the time, for the first id of a microsecond
  std::uint64_t last_micros_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace gatehouse::telemetry
