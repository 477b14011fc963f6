// Token usage of one request, normalised (llm.md 7, telemetry.md 3.1, D10): totals with their parts
// inside, every count unknown until a provider reported it, unknown never zero. This header is what
// telemetry and policy include; reading usage out of replies is usage_reader.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::llm {

/// Token counts. Input and output are different types: they have different prices and must not be
/// mixed up.
enum class InputTokens : std::int64_t {};
enum class OutputTokens : std::int64_t {};

constexpr std::int64_t count(InputTokens tokens) {
  return static_cast<std::int64_t>(tokens);
}
constexpr std::int64_t count(OutputTokens tokens) {
  return static_cast<std::int64_t>(tokens);
}

enum class UsageState : std::uint8_t {
  kNone,       // the operation has no usage: model lists, counts, refusals
  kUnknown,    // nothing was reported
  kPartial,    // some counts are missing
  kEstimated,  // a count was estimated by us
  kKnown,      // both totals as the provider reported them
};

/// "none", "unknown", "partial", "estimated", "known".
std::string_view toString(UsageState state);

/// What a provider's numbers did not keep to. Counted, never silently repaired.
enum class UsageAnomaly : std::uint8_t {
  kNegative,         // a count below zero; it is taken as not reported
  kNotInteger,       // a fraction; rounded to nearest
  kTooLarge,         // past 10^15; it is taken as not reported
  kShrunk,           // a later cumulative count below an earlier one; the larger stays
  kTotalMismatch,    // the provider's total is not the sum of its parts
  kCacheOverInput,   // cache reads and writes exceed the input
  kCacheWriteSplit,  // the 5 m and 1 h parts do not add up to the cache writes
  kPartOverInput,    // audio or image exceeds the input
  kPartOverOutput,   // reasoning, audio or image exceeds the output
};

/// "negative", "not_integer", ...
std::string_view toString(UsageAnomaly anomaly);
inline constexpr std::size_t kUsageAnomalyCount = 9;

/// A set of anomalies.
class UsageAnomalies {
 public:
  void add(UsageAnomaly anomaly) { bits_ |= bitOf(anomaly); }
  void add(UsageAnomalies others) { bits_ |= others.bits_; }
  bool has(UsageAnomaly anomaly) const { return (bits_ & bitOf(anomaly)) != 0; }
  bool empty() const { return bits_ == 0; }
  int size() const;
  bool operator==(const UsageAnomalies&) const = default;

 private:
  static std::uint16_t bitOf(UsageAnomaly anomaly) {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(anomaly));
  }
  std::uint16_t bits_ = 0;
};

struct TokenUsage {
  UsageState state = UsageState::kUnknown;
  UsageAnomalies anomalies;

  std::optional<InputTokens> in;  // total, cached parts included
  std::optional<InputTokens> cache_read;
  std::optional<InputTokens> cache_write_5m;
  std::optional<InputTokens> cache_write_1h;
  std::optional<InputTokens> audio_in;
  std::optional<InputTokens> image_in;

  std::optional<OutputTokens> out;  // total, reasoning included
  std::optional<OutputTokens> reasoning;
  std::optional<OutputTokens> audio_out;
  std::optional<OutputTokens> image_out;

  std::optional<std::int64_t> web_searches;

  /// The provider's usage object, verbatim JSON, at most 4 KiB; empty if there was none or it was
  /// longer. A Messages stream reports twice: then an array of the two objects.
  std::string raw;

  bool operator==(const TokenUsage&) const = default;
};

/// The largest `raw`.
inline constexpr std::size_t kUsageRawLimit = 4096;

/// The usage of a reply that broke off (telemetry.md 3.1): what was reported stays, an output count
/// that was not final is estimated from the bytes of generated text that arrived. State kEstimated,
/// or kUnknown if there is nothing to go by.
TokenUsage estimateOutput(TokenUsage seen, std::uint64_t generated_bytes);

}  // namespace gatehouse::llm
