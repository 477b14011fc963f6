#include "upstream/retry.h"

#include <algorithm>

namespace gatehouse::upstream {

bool RetryRule::covers(http::Status status) const {
  return std::ranges::find(codes, status) != codes.end();
}

Nanos RetryRule::pause(std::uint64_t random) const {
  constexpr Nanos kLeastSpread = Millis(5);
  const Nanos spread = std::max(backoff / 2, kLeastSpread);
  return backoff + Nanos(random % static_cast<std::uint64_t>(spread.count()));
}

bool isConnectionError(const Error& error) {
  if (error.origin() != Origin::kUpstream) {
    return false;
  }
  switch (error.kind()) {
    case ErrorKind::kDns:
    case ErrorKind::kConnectRefused:
    case ErrorKind::kConnectTimeout:
    case ErrorKind::kTlsProtocol:
    case ErrorKind::kUpstreamClosed:
    case ErrorKind::kTimeout:
      return true;
    default:
      return false;
  }
}

}  // namespace gatehouse::upstream
