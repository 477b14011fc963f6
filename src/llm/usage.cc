#include "llm/usage.h"

#include <algorithm>
#include <bit>

namespace gatehouse::llm {

std::string_view toString(UsageState state) {
  switch (state) {
    case UsageState::kNone:
      return "none";
    case UsageState::kUnknown:
      return "unknown";
    case UsageState::kPartial:
      return "partial";
    case UsageState::kEstimated:
      return "estimated";
    case UsageState::kKnown:
      return "known";
  }
  return "unknown";
}

std::string_view toString(UsageAnomaly anomaly) {
  switch (anomaly) {
    case UsageAnomaly::kNegative:
      return "negative";
    case UsageAnomaly::kNotInteger:
      return "not_integer";
    case UsageAnomaly::kTooLarge:
      return "too_large";
    case UsageAnomaly::kShrunk:
      return "shrunk";
    case UsageAnomaly::kTotalMismatch:
      return "total_mismatch";
    case UsageAnomaly::kCacheOverInput:
      return "cache_over_input";
    case UsageAnomaly::kCacheWriteSplit:
      return "cache_write_split";
    case UsageAnomaly::kPartOverInput:
      return "part_over_input";
    case UsageAnomaly::kPartOverOutput:
      return "part_over_output";
  }
  return "";
}

int UsageAnomalies::size() const {
  return std::popcount(bits_);
}

TokenUsage estimateOutput(TokenUsage seen, std::uint64_t generated_bytes) {
  if (generated_bytes == 0) {
    seen.state = seen.in || seen.out ? UsageState::kPartial : UsageState::kUnknown;
    return seen;
  }
  constexpr std::uint64_t kBytesPerToken = 4;  // English text and code, within a factor of two
  auto estimated =
      static_cast<std::int64_t>((generated_bytes + kBytesPerToken - 1) / kBytesPerToken);
  std::int64_t reported = seen.out ? count(*seen.out) : 0;
  seen.out = OutputTokens{std::max(estimated, reported)};
  seen.state = UsageState::kEstimated;
  return seen;
}

}  // namespace gatehouse::llm
