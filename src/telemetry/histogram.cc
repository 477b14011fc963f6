#include "telemetry/histogram.h"

#include <bit>
#include <numeric>

namespace gatehouse::telemetry {

void Histogram::observe(double value) {
  std::size_t bucket = 0;
  while (bucket < bounds_.size() && value > bounds_[bucket]) {
    ++bucket;
  }
  bump(cells_[bucket], 1);
  Cell& sum = cells_[bounds_.size() + 1];
  const double added = std::bit_cast<double>(sum.load(std::memory_order_relaxed)) + value;
  sum.store(std::bit_cast<std::uint64_t>(added), std::memory_order_relaxed);
}

std::uint64_t HistogramReading::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

void HistogramReading::add(const HistogramReading& other) {
  buckets.resize(std::max(buckets.size(), other.buckets.size()));
  for (std::size_t i = 0; i < other.buckets.size(); ++i) {
    buckets[i] += other.buckets[i];
  }
  sum += other.sum;
}

HistogramReading readHistogram(const Cell* cells, std::size_t bounds) {
  HistogramReading reading;
  reading.buckets.reserve(bounds + 1);
  for (std::size_t i = 0; i <= bounds; ++i) {
    reading.buckets.push_back(cells[i].load(std::memory_order_relaxed));
  }
  reading.sum = std::bit_cast<double>(cells[bounds + 1].load(std::memory_order_relaxed));
  return reading;
}

}  // namespace gatehouse::telemetry
