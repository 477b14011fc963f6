#include "http/h2/h2_manners.h"

#include <algorithm>
#include <utility>

namespace gatehouse::http {
namespace {

// More than a peer needs that does nothing but begin messages and give them up.
constexpr Allowance::Rate kResets = {.at_once = 512, .per_second = 100};
constexpr Allowance::Rate kControls = {.at_once = 1000, .per_second = 100};
constexpr Allowance::Rate kUpdates = {.at_once = 10'000, .per_second = 1000};
constexpr int kUpdatesForEachFrame = 10;
// Of what comes, so much may be neither content nor fields.
constexpr std::uint64_t kIdleShare = 8;
constexpr std::uint64_t kIdleBytes = 1 << 20;

int earned(std::uint64_t count, Allowance::Rate rate) {
  return static_cast<int>(std::min(count, static_cast<std::uint64_t>(rate.at_once)));
}

}  // namespace

H2Manners::H2Manners(H2Session& session)
    : session_(session), resets_(kResets), controls_(kControls), updates_(kUpdates) {}

void H2Manners::onIdleFrame(H2Idle kind, MonoTime now) {
  earnByRequests();
  switch (kind) {
    case H2Idle::kReset:
      if (!resets_.take(now)) {
        session_.terminate(H2Error::kEnhanceYourCalm, "h2_rapid_reset");
      }
      return;
    case H2Idle::kWindowUpdate: {
      const std::uint64_t sent = session_.dataFrames();
      updates_.earn(
          earned(sent - std::exchange(frames_seen_, sent), kUpdates) * kUpdatesForEachFrame
      );
      if (!updates_.take(now)) {
        session_.terminate(H2Error::kEnhanceYourCalm, "h2_flood");
      }
      return;
    }
    case H2Idle::kControl:
    case H2Idle::kEmptyData:
      if (!controls_.take(now)) {
        session_.terminate(H2Error::kEnhanceYourCalm, "h2_flood");
      }
      return;
  }
}

/// Who is asked may reset each request once, as one does that answers before it has read the body
/// (RFC 9113 section 8.1), and may measure the way with a ping for each frame.
void H2Manners::earnByRequests() {
  const std::uint64_t requests = session_.requests();
  if (requests == 0) {
    return;
  }
  const std::uint64_t sent = session_.dataFrames();
  const std::uint64_t fresh = requests - std::exchange(requests_seen_, requests);
  resets_.earn(earned(fresh, kResets));
  controls_.earn(earned(fresh + sent - std::exchange(request_frames_seen_, sent), kControls));
}

void H2Manners::onReceived(std::uint64_t bytes) {
  bytes_in_ += bytes;
  if (bytes_in_ / kIdleShare > session_.useful() + kIdleBytes) {
    session_.terminate(H2Error::kEnhanceYourCalm, "h2_flood");
  }
}

}  // namespace gatehouse::http
