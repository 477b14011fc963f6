#include "telemetry/id.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::int64_t kEpochMicros = 1'577'836'800'000'000;  // 2020-01-01 UTC
constexpr unsigned kTimeShift = 10;
constexpr unsigned kWorkerShift = 4;
constexpr unsigned kWorkerNumbers = 64;
constexpr unsigned kPerMicro = 4;
constexpr unsigned kWorkers = kWorkerNumbers * (1U << kWorkerShift) / kPerMicro;
constexpr std::size_t kTextSize = 13;

// Value of a Crockford digit, or 32 if it is none.
unsigned digitValue(char c) {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  switch (c = foldChar(c)) {
    case 'i':
    case 'l':
      return 1;
    case 'o':
      return 0;
    default:
      return static_cast<unsigned>(std::min(kDigits.find(c), kDigits.size()));
  }
}

}  // namespace

std::string toText(RequestId id) {
  return crockford(static_cast<std::uint64_t>(id));
}

std::optional<RequestId> requestIdFrom(std::string_view text) {
  if (text.size() != kTextSize) {
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (char c : text) {
    unsigned digit = digitValue(c);
    if (digit > 31 || (number >> 58) != 0) {  // an id has 63 bits
      return std::nullopt;
    }
    number = number << 5 | digit;
  }
  return RequestId{number};
}

WallMicros timeOf(RequestId id) {
  auto micros = static_cast<std::int64_t>(static_cast<std::uint64_t>(id) >> kTimeShift);
  return WallMicros{micros + kEpochMicros};
}

IdSource::IdSource(unsigned worker)
    : place_(worker % kWorkerNumbers << kWorkerShift | worker / kWorkerNumbers * kPerMicro) {
  GATEHOUSE_INVARIANT(worker < kWorkers);
}

RequestId IdSource::next(WallMicros now) {
  std::int64_t since = static_cast<std::int64_t>(now) - kEpochMicros;
  auto micros = static_cast<std::uint64_t>(std::max<std::int64_t>(since, 1));
  if (micros > last_micros_) {
    last_micros_ = micros;
    sequence_ = 0;
  } else if (++sequence_ == kPerMicro) {
    ++last_micros_;
    sequence_ = 0;
  }
  return RequestId{last_micros_ << kTimeShift | (place_ + sequence_)};
}

}  // namespace gatehouse::telemetry
