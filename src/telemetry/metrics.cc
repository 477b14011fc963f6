#include "telemetry/metrics.h"

#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace gatehouse::telemetry {
namespace {

constexpr char kSeparator = '\x1f';
constexpr std::size_t kLongestLabel = 256;

// Label values are keys: one line of valid text each, never with the separator in it.
void appendLabel(std::string& key, std::string_view value) {
  value = value.substr(0, kLongestLabel);
  value = value.substr(0, validUtf8Prefix(value));
  if (value.empty()) {
    value = kUnknownLabel;
  }
  for (char c : value) {
    key += static_cast<unsigned char>(c) < 0x20 ? '_' : c;
  }
  key += kSeparator;
}

std::string otherKey(std::size_t labels) {
  std::string key;
  for (std::size_t i = 0; i < labels; ++i) {
    appendLabel(key, kOtherLabel);
  }
  return key;
}

std::size_t cellsOf(const FamilyRow& row) {
  return row.kind == MetricKind::kHistogram ? row.bounds.size() + 2 : 1;
}

}  // namespace

Counter MetricShard::counter(Family family, std::span<const std::string_view> labels) {
  GATEHOUSE_DEBUG_CHECK(rowOf(family).kind == MetricKind::kCounter);
  return Counter(find(family, labels).cells[0]);
}

Gauge MetricShard::gauge(Family family, std::span<const std::string_view> labels) {
  GATEHOUSE_DEBUG_CHECK(rowOf(family).kind == MetricKind::kGauge);
  return Gauge(find(family, labels).cells[0]);
}

Histogram MetricShard::histogram(Family family, std::span<const std::string_view> labels) {
  GATEHOUSE_DEBUG_CHECK(rowOf(family).kind == MetricKind::kHistogram);
  return Histogram(find(family, labels).cells.get(), rowOf(family).bounds);
}

Series& MetricShard::find(Family family, std::span<const std::string_view> labels) {
  const FamilyRow& row = rowOf(family);
  GATEHOUSE_DEBUG_CHECK(labels.size() == row.labels.size());
  key_.clear();
  for (std::string_view label : labels) {
    appendLabel(key_, label);
  }
  FamilySeries& series = families_[std::to_underlying(family)];
  if (auto known = series.by_labels.find(key_); known != series.by_labels.end()) {
    return *known->second;
  }
  if (series.all.size() < kSeriesLimit) {
    return make(series, row, key_);
  }
  if (family != Family::kMetricOverflow) {
    const std::string_view name = row.name;
    counter(Family::kMetricOverflow, {&name, 1}).add();
  }
  std::string other = otherKey(row.labels.size());
  auto known = series.by_labels.find(other);
  return known != series.by_labels.end() ? *known->second : make(series, row, std::move(other));
}

Series& MetricShard::make(FamilySeries& series, const FamilyRow& row, std::string key) {
  Series& made = series.all.emplace_back();
  std::optional<std::string_view> rest = key;
  for (std::size_t i = 0; i < row.labels.size(); ++i) {
    made.labels.emplace_back(*takePart(rest, kSeparator));
  }
  made.cells = std::make_unique<Cell[]>(cellsOf(row));
  made.older = series.newest.load(std::memory_order_relaxed);
  series.by_labels.emplace(std::move(key), &made);
  series.newest.store(&made, std::memory_order_release);
  return made;
}

Metrics::Metrics(std::size_t workers) : shards_(workers + 1) {}

}  // namespace gatehouse::telemetry
