// Which cells the LLM part of a finished request counts in. One per worker; owner's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "llm/usage.h"
#include "telemetry/metrics.h"
#include "telemetry/record.h"
#include "telemetry/request_series.h"
#include "telemetry/series_cache.h"

namespace gatehouse::telemetry {

/// Labels for the model a client named and the one the reply names: names of the configuration, or
/// ones an upstream has served or given, else "other", so that clients cannot make series
/// (telemetry specification section 10). Where the backend names its model, the client's word
/// reached no upstream and counts only if it is the configured or the answered name.
struct ModelLabels {
  std::string_view requested;
  std::string_view answered;
};
ModelLabels modelLabels(const RequestRecord& record, const LlmRecord& llm);

/// Pairs of model labels that one backend may bring; later ones are "other", so that an upstream
/// which serves any name leaves room for the series of the other backends.
inline constexpr std::size_t kModelsPerBackend = 100;

class LlmSeries {
 public:
  /// `shard` is the worker's own and must outlive this.
  explicit LlmSeries(MetricShard& shard [[clang::lifetimebound]]) : shard_(shard) {}

  /// Counts the LLM part of an ended record that has one.
  void count(const RequestRecord& record, const LlmRecord& llm, CountedSets sets);

 private:
  static constexpr std::size_t kTokenKinds = 10;
  static constexpr std::size_t kTokenTypes = 4;
  static constexpr std::size_t kUsageStates = 5;

  /// Made when first counted in.
  struct Cells {
    std::string model_requested;  // the labels
    std::string model_answered;
    std::array<std::optional<Counter>, kTokenKinds> tokens;
    std::array<std::optional<Counter>, kUsageStates> usage;
    std::array<std::optional<Histogram>, kTokenTypes> token_usage;
    std::array<std::optional<Histogram>, kTokenTypes> agw_token_usage;
    std::optional<Histogram> operation;
    std::optional<Histogram> first_token;
    std::optional<Histogram> per_token;
  };
  /// The record being counted.
  struct Subject {
    const RequestRecord& record;
    const LlmRecord& llm;
    CountedSets sets;
    ModelLabels models;
  };

  Cells makeCells(const RequestRecord& record, const LlmRecord& llm, ModelLabels models);
  void countUsage(Cells& cells, const Subject& subject, llm::UsageState state);
  void countTokens(Cells& cells, const Subject& subject, const llm::TokenUsage& usage);
  void countTokenUsage(Cells& cells, const Subject& subject, const llm::TokenUsage& usage);
  Histogram agentgatewayTokenUsage(const Subject& subject, std::string_view type);
  void countTimes(Cells& cells, const Subject& subject);
  void countAnomalies(const LlmRecord& llm, llm::UsageAnomalies anomalies);

  MetricShard& shard_;
  SeriesCache<Cells> cells_;
  SeriesKey key_;
  std::map<std::string, std::set<std::string>, std::less<>> models_;  // of each backend
};

}  // namespace gatehouse::telemetry
