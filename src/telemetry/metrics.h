// Metrics without locks: each thread that counts owns a MetricShard and writes cells nobody else
// writes; the admin thread walks all shards and adds them up (scrape.h). A new series becomes
// visible by one release store; nothing is ever removed or moved while the Metrics lives, so
// handles stay valid and readers need no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "telemetry/histogram.h"
#include "telemetry/metric_families.h"

namespace gatehouse::telemetry {

/// Series a family may have; what comes later is counted in one series whose labels are all
/// "other".
inline constexpr std::size_t kSeriesLimit = 2000;
inline constexpr std::string_view kOtherLabel = "other";
/// The value of a label that is not known.
inline constexpr std::string_view kUnknownLabel = "unknown";

/// One combination of label values in one shard.
struct Series {
  std::vector<std::string> labels;
  std::unique_ptr<Cell[]> cells;
  const Series* older = nullptr;
};

/// Owner's thread, except newest().
class MetricShard {
 public:
  MetricShard() = default;
  MetricShard(const MetricShard&) = delete;
  MetricShard& operator=(const MetricShard&) = delete;

  /// Looks the series up, or makes it: keep the handle where counting is frequent. `labels` has one
  /// value for each label of the family; an empty value becomes "unknown". The family is of that
  /// kind.
  Counter counter(Family family, std::span<const std::string_view> labels);
  Gauge gauge(Family family, std::span<const std::string_view> labels);
  Histogram histogram(Family family, std::span<const std::string_view> labels);

  /// Any thread: the newest series of a family; follow `older` to the rest. Null if there are none.
  const Series* newest(Family family) const {
    return families_[static_cast<std::size_t>(family)].newest.load(std::memory_order_acquire);
  }

 private:
  struct FamilySeries {
    std::deque<Series> all;
    std::unordered_map<std::string, Series*> by_labels;  // values, each ended by a unit separator
    std::atomic<const Series*> newest{nullptr};
  };

  Series& find(Family family, std::span<const std::string_view> labels);
  Series& make(FamilySeries& series, const FamilyRow& row, std::string key);
  std::array<FamilySeries, kFamilyCount> families_;
  std::string key_;
};

/// All shards of the program; made in main before the threads start, destroyed after they ended.
class Metrics {
 public:
  /// One shard per worker, one for the control thread.
  explicit Metrics(std::size_t workers);

  MetricShard& worker(std::size_t index) [[clang::lifetimebound]] { return shards_[index]; }
  MetricShard& control() [[clang::lifetimebound]] { return shards_.back(); }
  /// For reading; any thread.
  const std::deque<MetricShard>& shards() const [[clang::lifetimebound]] { return shards_; }

 private:
  std::deque<MetricShard> shards_;
};

}  // namespace gatehouse::telemetry
