#include "telemetry/metrics.h"

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "telemetry/config_metrics.h"
#include "telemetry/scrape.h"

namespace gatehouse::telemetry {
namespace {

using Pair = std::array<std::string_view, 2>;

const BuildIdentity kBuild{"1.2.3", "abc"};

const FamilySamples* findFamily(const std::vector<FamilySamples>& families, Family family) {
  for (const FamilySamples& samples : families) {
    if (samples.family == family) {
      return &samples;
    }
  }
  return nullptr;
}

double valueOf(
    const std::vector<FamilySamples>& families,
    Family family,
    const std::vector<std::string>& labels
) {
  if (const FamilySamples* samples = findFamily(families, family)) {
    for (const Sample& sample : samples->samples) {
      if (sample.labels == labels) {
        return sample.value;
      }
    }
  }
  return -1;
}

TEST(Histogram, PutsValuesIntoTheBucketThatBoundsThem) {
  Metrics metrics(1);
  Histogram histogram =
      metrics.worker(0).histogram(Family::kUpstreamConnectDuration, Pair{"b", "tls"});
  const auto bounds = rowOf(Family::kUpstreamConnectDuration).bounds;
  histogram.observe(bounds[0]);         // a bound belongs to its bucket
  histogram.observe(bounds[0] + 1e-9);  // the next one
  histogram.observe(1000);              // +Inf
  const Series* series = metrics.worker(0).newest(Family::kUpstreamConnectDuration);
  HistogramReading reading = readHistogram(series->cells.get(), bounds.size());
  EXPECT_EQ(reading.buckets.front(), 1U);
  EXPECT_EQ(reading.buckets[1], 1U);
  EXPECT_EQ(reading.buckets.back(), 1U);
  EXPECT_EQ(reading.count(), 3U);
  EXPECT_NEAR(reading.sum, 1000.001, 1e-6);
}

TEST(Metrics, ShardsAreAddedUp) {
  Metrics metrics(2);
  metrics.worker(0).counter(Family::kRetries, Pair{"ns/a", "retry_status"}).add(3);
  metrics.worker(1).counter(Family::kRetries, Pair{"ns/a", "retry_status"}).add(4);
  metrics.worker(1).counter(Family::kRetries, Pair{"ns/b", ""}).add();
  metrics.worker(0).gauge(Family::kStreamsOpen, Pair{"g", "l"}).add(2);
  metrics.worker(1).gauge(Family::kStreamsOpen, Pair{"g", "l"}).add(-1);
  Scraper scraper(metrics, kBuild);
  auto families = scraper.scrape();
  EXPECT_EQ(valueOf(families, Family::kRetries, {"ns/a", "retry_status"}), 7);
  EXPECT_EQ(valueOf(families, Family::kRetries, {"ns/b", "unknown"}), 1);
  EXPECT_EQ(valueOf(families, Family::kStreamsOpen, {"g", "l"}), 1);
  EXPECT_EQ(valueOf(families, Family::kBuildInfo, {"1.2.3", "abc"}), 1);
  EXPECT_EQ(findFamily(families, Family::kTokens), nullptr);
}

TEST(Metrics, TheSameLabelsGiveTheSameCell) {
  MetricShard shard;
  shard.counter(Family::kRetries, Pair{"a", "b"}).add();
  shard.counter(Family::kRetries, Pair{"a", "b"}).add();
  EXPECT_EQ(shard.newest(Family::kRetries)->older, nullptr);
  shard.counter(Family::kRetries, Pair{"a\x1f", "b"}).add();  // the separator cannot be forged
  ASSERT_NE(shard.newest(Family::kRetries)->older, nullptr);
  EXPECT_EQ(shard.newest(Family::kRetries)->labels[0], "a_");
}

TEST(Metrics, LabelsAreValidTextOfBoundedLength) {
  MetricShard shard;
  shard.counter(Family::kRetries, Pair{"a\xff", std::string(1000, 'x')}).add();
  const Series* series = shard.newest(Family::kRetries);
  EXPECT_EQ(series->labels[0], "a");
  EXPECT_EQ(series->labels[1].size(), 256U);
}

void fill(MetricShard& shard, std::size_t from, std::size_t count) {
  for (std::size_t i = from; i < from + count; ++i) {
    const std::string backend = "ns/" + std::to_string(i);
    shard.counter(Family::kRetries, Pair{backend, "retry_status"}).add();
  }
}

TEST(Metrics, AFamilyBeyondItsLimitCountsUnderOther) {
  Metrics metrics(1);
  fill(metrics.worker(0), 0, kSeriesLimit + 10);
  Scraper scraper(metrics, kBuild);
  auto families = scraper.scrape();
  EXPECT_EQ(findFamily(families, Family::kRetries)->samples.size(), kSeriesLimit + 1);
  EXPECT_EQ(valueOf(families, Family::kRetries, {"other", "other"}), 10);
  EXPECT_EQ(valueOf(families, Family::kRetries, {"ns/0", "retry_status"}), 1);
  EXPECT_EQ(valueOf(families, Family::kMetricOverflow, {"gatehouse_retries_total"}), 10);
}

TEST(Metrics, TheLimitHoldsOverAllShardsAndNoCounterFalls) {
  Metrics metrics(2);
  Scraper scraper(metrics, kBuild);
  fill(metrics.worker(0), 0, 1500);
  scraper.scrape();
  fill(metrics.worker(1), 1500, 1500);
  auto families = scraper.scrape();
  const double other = valueOf(families, Family::kRetries, {"other", "other"});
  EXPECT_EQ(other, 1000);
  EXPECT_EQ(findFamily(families, Family::kRetries)->samples.size(), kSeriesLimit + 1);
  EXPECT_EQ(valueOf(families, Family::kRetries, {"ns/0", "retry_status"}), 1);
  EXPECT_GE(valueOf(families, Family::kMetricOverflow, {"gatehouse_retries_total"}), 1000);

  fill(metrics.worker(1), 1500, 1500);
  auto later = scraper.scrape();
  EXPECT_EQ(valueOf(later, Family::kRetries, {"other", "other"}), 2 * other);
  for (const Sample& sample : findFamily(families, Family::kRetries)->samples) {
    EXPECT_GE(valueOf(later, Family::kRetries, sample.labels), sample.value);
  }
}

// Meant for the thread sanitizer: workers count and make series while another thread scrapes.
TEST(Metrics, ScrapingWhileCountingLosesNothing) {
  constexpr std::size_t kWorkers = 3;
  constexpr std::uint64_t kRounds = 2000;
  Metrics metrics(kWorkers);
  Scraper scraper(metrics, kBuild);
  std::atomic<std::size_t> running{kWorkers};
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < kWorkers; ++w) {
    threads.emplace_back([&metrics, &running, w] {
      MetricShard& shard = metrics.worker(w);
      for (std::uint64_t i = 0; i < kRounds; ++i) {
        const std::string backend = "ns/" + std::to_string(i % 50);
        shard.counter(Family::kRetries, Pair{backend, "retry_status"}).add();
        shard.histogram(Family::kUpstreamConnectDuration, Pair{backend, "tls"}).observe(0.25);
        shard.gauge(Family::kStreamsOpen, Pair{"g", "l"}).add(i % 2 == 0 ? 1 : -1);
      }
      running.fetch_sub(1);
    });
  }
  double last = 0;
  while (running.load() > 0) {
    double now = 0;
    auto families = scraper.scrape();
    if (const FamilySamples* retries = findFamily(families, Family::kRetries)) {
      for (const Sample& sample : retries->samples) {
        now += sample.value;
      }
    }
    EXPECT_GE(now, last);
    last = now;
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  auto families = scraper.scrape();
  double retries = 0;
  for (const Sample& sample : findFamily(families, Family::kRetries)->samples) {
    retries += sample.value;
  }
  EXPECT_EQ(retries, kWorkers * kRounds);
  EXPECT_EQ(valueOf(families, Family::kStreamsOpen, {"g", "l"}), 0);
}

TEST(ConfigMetrics, TellsTheLastReload) {
  Metrics metrics(1);
  ConfigMetrics config(metrics.control());
  Scraper scraper(metrics, kBuild);
  config.reloaded(ConfigMetrics::Reload::kApplied, WallMicros{5'000'000});
  config.published(7);
  config.findings(0, 3);
  config.reloaded(ConfigMetrics::Reload::kRejected, WallMicros{9'500'000});
  auto families = scraper.scrape();
  EXPECT_EQ(valueOf(families, Family::kConfigLastReloadSuccess, {}), 0);
  EXPECT_EQ(valueOf(families, Family::kConfigLastReloadTimestamp, {}), 9);
  EXPECT_EQ(valueOf(families, Family::kConfigGeneration, {}), 7);
  EXPECT_EQ(valueOf(families, Family::kConfigReloads, {"applied"}), 1);
  EXPECT_EQ(valueOf(families, Family::kConfigReloads, {"rejected"}), 1);
  EXPECT_EQ(valueOf(families, Family::kConfigFindings, {"warning"}), 3);
}

}  // namespace
}  // namespace gatehouse::telemetry
