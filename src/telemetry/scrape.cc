#include "telemetry/scrape.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "telemetry/process_metrics.h"

namespace gatehouse::telemetry {
namespace {

std::string joined(const std::vector<std::string>& labels) {
  std::string key;
  for (const std::string& label : labels) {
    key += label;
    key += '\x1f';
  }
  return key;
}

/// The series that takes what is over the limit; it is in none itself.
bool isOther(const std::vector<std::string>& labels) {
  return !labels.empty() &&
         std::ranges::all_of(labels, [](const std::string& label) { return label == kOtherLabel; });
}

void addCells(Sample& sample, const FamilyRow& row, const Cell* cells) {
  if (row.kind == MetricKind::kHistogram) {
    sample.histogram.add(readHistogram(cells, row.bounds.size()));
    return;
  }
  const std::uint64_t bits = cells[0].load(std::memory_order_relaxed);
  sample.value += row.kind == MetricKind::kGauge
                      ? static_cast<double>(static_cast<std::int64_t>(bits))
                      : static_cast<double>(bits);
}

std::string orUnknown(const std::string& label) {
  return label.empty() ? std::string(kUnknownLabel) : label;
}

template <typename Number>
void addReading(std::vector<FamilySamples>& out, Family family, std::optional<Number> value) {
  if (value) {
    out.push_back({family, {Sample{{}, static_cast<double>(*value), {}}}});
  }
}

void addProcess(std::vector<FamilySamples>& out) {
  const ProcessReading reading = readProcess();
  addReading(out, Family::kProcessCpuSeconds, reading.cpu_seconds);
  addReading(out, Family::kProcessResidentMemory, reading.resident_bytes);
  addReading(out, Family::kProcessOpenFds, reading.open_fds);
  addReading(out, Family::kProcessMaxFds, reading.max_fds);
  addReading(out, Family::kProcessStartTime, reading.start_time_seconds);
}

}  // namespace

Scraper::Scraper(const Metrics& metrics, BuildIdentity build)
    : metrics_(metrics),
      build_(std::move(build)),
      accepted_(kFamilyCount),
      refused_(kFamilyCount) {}

std::vector<FamilySamples> Scraper::scrape() {
  std::vector<FamilySamples> out;
  for (const FamilyRow& row : familyTable()) {
    FamilySamples samples = read(row);
    if (!samples.samples.empty()) {
      out.push_back(std::move(samples));
    }
  }
  addOverflow(out);
  out.push_back(
      {Family::kBuildInfo, {Sample{{orUnknown(build_.version), orUnknown(build_.commit)}, 1, {}}}}
  );
  addProcess(out);
  std::ranges::sort(out, {}, &FamilySamples::family);
  return out;
}

FamilySamples Scraper::read(const FamilyRow& row) {
  const std::size_t index = std::to_underlying(row.family);
  FamilySamples out{row.family, {}};
  std::unordered_map<std::string, std::size_t> places;  // label values -> index in out.samples
  for (const MetricShard& shard : metrics_.shards()) {
    for (const Series* series = shard.newest(row.family); series; series = series->older) {
      std::string key = joined(series->labels);
      std::vector<std::string> labels = series->labels;
      if (!isOther(labels) && !accept(index, key)) {
        labels.assign(labels.size(), std::string(kOtherLabel));
        key = joined(labels);
      }
      auto [place, is_new] = places.try_emplace(std::move(key), out.samples.size());
      if (is_new) {
        out.samples.push_back({std::move(labels), 0, {}});
      }
      addCells(out.samples[place->second], row, series->cells.get());
    }
  }
  std::ranges::sort(out.samples, {}, &Sample::labels);
  return out;
}

bool Scraper::accept(std::size_t family, const std::string& key) {
  auto& accepted = accepted_[family];
  if (accepted.contains(key)) {
    return true;
  }
  if (accepted.size() < kSeriesLimit) {
    accepted.insert(key);
    return true;
  }
  refused_[family].insert(key);
  return false;
}

// What the shards refused by themselves is counted already; here come the label sets that only all
// shards together were too many of.
void Scraper::addOverflow(std::vector<FamilySamples>& families) const {
  FamilySamples overflow{Family::kMetricOverflow, {}};
  auto known = std::ranges::find(families, Family::kMetricOverflow, &FamilySamples::family);
  FamilySamples& target = known == families.end() ? overflow : *known;
  for (const FamilyRow& row : familyTable()) {
    const auto& refused = refused_[std::to_underlying(row.family)];
    if (refused.empty()) {
      continue;
    }
    std::vector<std::string> labels{std::string(row.name)};
    auto sample = std::ranges::find(target.samples, labels, &Sample::labels);
    if (sample == target.samples.end()) {
      sample = target.samples.insert(sample, Sample{std::move(labels), 0, {}});
    }
    sample->value += static_cast<double>(refused.size());
  }
  if (!overflow.samples.empty()) {
    families.push_back(std::move(overflow));
  }
}

}  // namespace gatehouse::telemetry
