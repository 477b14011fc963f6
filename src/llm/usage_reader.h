// From a provider's usage objects to TokenUsage (llm.md 7). Each dialect has its own names and its
// own arithmetic: what is inside a total and what stands beside it. Lenient: nulls, strings and
// fractions are read as far as they make sense and noted. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/padded_view.h"
#include "llm/dialect.h"
#include "llm/usage.h"

namespace gatehouse::llm {

/// Where a Chat provider counts reasoning when its numbers do not tell: within completion_tokens,
/// or beside them (xAI).
enum class ReasoningCount : std::uint8_t { kInside, kOutside };

/// Counts as one usage object has them, in the provider's own arithmetic. Absent ones were not
/// reported.
struct ReportedUsage {
  using Count = std::optional<std::int64_t>;
  Count input;
  Count tool_input;  // Gemini: beside input
  Count output;
  Count total;
  Count cache_read;
  Count cache_write;
  Count cache_write_5m;
  Count cache_write_1h;
  Count reasoning;
  Count audio_in;
  Count audio_out;
  Count image_in;
  Count image_out;
  Count web_searches;
  UsageAnomalies anomalies;
};

/// Reads one usage object; text that is anything else has no counts.
ReportedUsage readUsage(Dialect dialect, PaddedView usage);

/// A later report of cumulative counts (Messages): what it carries replaces what was there and
/// never adds; a smaller count is an anomaly and the larger stays.
void mergeUsage(ReportedUsage& seen, const ReportedUsage& later);

/// The normalised record, without `raw`.
TokenUsage normaliseUsage(Dialect dialect, const ReportedUsage& reported, ReasoningCount reasoning);

/// Collects the usage objects of one reply in order of arrival. Messages merges them; everywhere
/// else the last one wins, and nothing is parsed before take(). One owner.
class UsageReader {
 public:
  UsageReader(Dialect dialect, ReasoningCount reasoning)
      : dialect_(dialect), reasoning_(reasoning) {}

  /// JSON text of a usage object, or `null`.
  void add(std::string_view json);
  /// Whether an object was added.
  bool seen() const { return !raw_.empty(); }
  /// Called once.
  TokenUsage take();

 private:
  TokenUsage counted() const;
  void addCumulative(std::string_view json);

  std::string raw_;  // Messages: all objects in an array once there are two; else the last one
  std::unique_ptr<ReportedUsage> merged_;  // Messages only
  Dialect dialect_;
  ReasoningCount reasoning_;
};

}  // namespace gatehouse::llm
