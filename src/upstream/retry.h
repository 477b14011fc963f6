// When a try that failed is made again: `retry` of an HTTPRoute rule (Gateway API, GEP-1731;
// resources.md 3.5). Immutable values; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "http/head.h"

namespace gatehouse::upstream {

struct RetryRule {
  static constexpr std::uint8_t kUsualAttempts = 1;
  static constexpr Nanos kUsualBackoff = Millis(25);

  std::vector<http::Status> codes{};       // of answers after which it is tried again
  std::uint8_t attempts = kUsualAttempts;  // after the first; not 0
  Nanos backoff = kUsualBackoff;           // between two of them at least

  bool covers(http::Status status) const;
  /// Between two tries: the backoff and up to half of it more, so that those who failed together do
  /// not come back together. `random` is any number.
  Nanos pause(std::uint64_t random) const;
};

/// Null: each request is tried once.
using RetryHandle = std::shared_ptr<const RetryRule>;

/// Whether a try that ended in `error` failed on the way to the endpoint or was left without an
/// answer: its name, its connection, its handshake, its end before the answer's head, its time.
/// What the endpoint said wrongly, and what is nobody's fault there, is not mended by trying again.
bool isConnectionError(const Error& error);

}  // namespace gatehouse::upstream
