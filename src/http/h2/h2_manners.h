// What one HTTP/2 connection is watched for: frames that ask for work and bring nothing. Either
// side. Internal to h2/. Owner's loop only.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "http/h2/allowance.h"
#include "http/h2/h2_session.h"

namespace gatehouse::http {

class H2Manners {
 public:
  /// `session` outlives it and is ended when its peer does too much of something.
  explicit H2Manners(H2Session& session);

  void onIdleFrame(H2Idle kind, MonoTime now);
  /// So many bytes have been received, and what was in them has been handled.
  void onReceived(std::uint64_t bytes);
  std::uint64_t bytesIn() const { return bytes_in_; }

 private:
  void earnByRequests();

  H2Session& session_;
  Allowance resets_;
  Allowance controls_;
  Allowance updates_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t frames_seen_ = 0;  // of content sent, for window updates
  // Of our requests, until a frame of the peer was last counted.
  std::uint64_t requests_seen_ = 0;
  std::uint64_t request_frames_seen_ = 0;
};

}  // namespace gatehouse::http
