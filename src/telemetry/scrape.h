// Adding the shards up when someone asks (telemetry specification section 10).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "telemetry/metrics.h"

namespace gatehouse::telemetry {

/// The value of one series over all shards. Counters and gauges use `value`, histograms
/// `histogram`.
struct Sample {
  std::vector<std::string> labels;
  double value = 0;
  HistogramReading histogram;
};

struct FamilySamples {
  Family family;
  std::vector<Sample> samples;  // ordered by label values
};

struct BuildIdentity {
  std::string version;
  std::string commit;
};

/// Reads all shards. The first kSeriesLimit label sets of a family that it ever met stay; later
/// ones are added up under "other" for good, so that no counter falls. One thread at a time,
/// usually the admin thread.
class Scraper {
 public:
  /// `metrics` must outlive it.
  Scraper(const Metrics& metrics [[clang::lifetimebound]], BuildIdentity build);

  /// Families without samples are left out.
  std::vector<FamilySamples> scrape();

 private:
  FamilySamples read(const FamilyRow& row);
  bool accept(std::size_t family, const std::string& key);
  void addOverflow(std::vector<FamilySamples>& families) const;

  const Metrics& metrics_;
  BuildIdentity build_;
  std::vector<std::unordered_set<std::string>> accepted_;  // by family: joined label values
  std::vector<std::unordered_set<std::string>> refused_;
};

}  // namespace gatehouse::telemetry
