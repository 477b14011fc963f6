// Cells that one thread counts in and another reads: counters, gauges and histograms with fixed
// buckets. Writing is a plain load and store on x86 (relaxed atomics, one writer), so it costs no
// locked instruction; reading never disturbs it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace gatehouse::telemetry {

using Cell = std::atomic<std::uint64_t>;

/// Adds to a cell that only the calling thread writes.
inline void bump(Cell& cell, std::uint64_t by) {
  cell.store(cell.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

/// Handle on a counter's cell; valid as long as its shard. Owner's thread.
class Counter {
 public:
  explicit Counter(Cell& cell) : cell_(&cell) {}
  void add(std::uint64_t by = 1) { bump(*cell_, by); }

 private:
  Cell* cell_;
};

/// Handle on a gauge's cell, a signed whole number; valid as long as its shard. Owner's thread.
class Gauge {
 public:
  explicit Gauge(Cell& cell) : cell_(&cell) {}
  void add(std::int64_t by) { bump(*cell_, static_cast<std::uint64_t>(by)); }
  void set(std::int64_t value) {
    cell_->store(static_cast<std::uint64_t>(value), std::memory_order_relaxed);
  }

 private:
  Cell* cell_;
};

/// Handle on a histogram's cells: one per bucket, the last for +Inf, and the sum. Owner's thread.
class Histogram {
 public:
  /// `cells` holds bounds.size() + 1 buckets, then the sum as the bits of a double.
  Histogram(Cell* cells, std::span<const double> bounds) : cells_(cells), bounds_(bounds) {}
  void observe(double value);

 private:
  Cell* cells_;
  std::span<const double> bounds_;
};

/// What a histogram's cells held when they were read; the count is the sum of the buckets, so that
/// both always agree.
struct HistogramReading {
  std::vector<std::uint64_t> buckets;  // not cumulative; the last is +Inf
  double sum = 0;

  std::uint64_t count() const;
  /// `other` has the same bounds, or this is empty.
  void add(const HistogramReading& other);
};

/// Any thread.
HistogramReading readHistogram(const Cell* cells, std::size_t bounds);

}  // namespace gatehouse::telemetry
