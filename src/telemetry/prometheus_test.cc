#include "telemetry/prometheus.h"

#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"

namespace gatehouse::telemetry {
namespace {

/// A strict reader of both formats: every line must be what the grammar allows at that place.
/// Collects what it objects to.
class ExpositionChecker {
 public:
  ExpositionChecker(std::string_view text, Exposition exposition)
      : open_metrics_(exposition == Exposition::kOpenMetrics) {
    object(!text.ends_with('\n'), "no newline at the end", text);
    text.remove_suffix(1);
    bool ended = false;
    for (std::string_view line : split(text, '\n')) {
      object(ended, "line after # EOF", line);
      ended = ended || line == "# EOF";
      if (line != "# EOF") {
        check(line);
      }
    }
    object(ended != open_metrics_, "# EOF is for OpenMetrics, and only", "");
    finishFamily();
  }

  const std::vector<std::string>& objections() const { return objections_; }
  std::optional<double> value(const std::string& series) const {
    auto found = values_.find(series);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  void object(bool wrong, std::string_view what, std::string_view line) {
    if (wrong) {
      objections_.push_back(std::string(what) + ": " + std::string(line));
    }
  }

  void check(std::string_view line) {
    if (line.starts_with("# HELP ")) {
      finishFamily();
      name_ = line.substr(7, line.find(' ', 7) - 7);
      object(!families_.insert(std::string(name_)).second, "family comes twice", line);
      help_ = true;
    } else if (line.starts_with("# TYPE ")) {
      object(!help_, "TYPE without HELP before it", line);
      help_ = false;
      auto rest = splitOnce(line.substr(7), ' ');
      object(!rest || rest->first != name_, "TYPE of another family", line);
      type_ = rest ? rest->second : "";
      object(type_ != "counter" && type_ != "gauge" && type_ != "histogram", "type", line);
    } else {
      checkSample(line);
    }
  }

  void checkSample(std::string_view line) {
    const std::size_t name_end = line.find_first_of("{ ");
    const std::size_t space = line.rfind(' ');
    if (name_end == std::string_view::npos || space == std::string_view::npos) {
      return object(true, "no sample", line);
    }
    const std::string_view name = line.substr(0, name_end);
    const std::string_view labels = line.substr(name_end, space - name_end);
    std::string_view number = line.substr(space + 1);
    object(!isMetricName(name), "name", line);
    object(!suffixFits(name), "suffix", line);
    double value = 0;
    auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    object(read.ec != std::errc() || read.ptr != number.end(), "value", line);
    object(type_ == "counter" && value < 0, "negative counter", line);
    std::string le = checkLabels(labels, line);
    object(!values_.emplace(std::string(line.substr(0, space)), value).second, "twice", line);
    if (type_ == "histogram") {
      checkHistogram(name, le, value, line);
    }
  }

  static bool isMetricName(std::string_view name) {
    auto fits = [](char c) {
      return (foldChar(c) >= 'a' && foldChar(c) <= 'z') || c == '_' || c == ':' || isDigit(c);
    };
    return !name.empty() && !isDigit(name[0]) && std::ranges::all_of(name, fits);
  }

  bool suffixFits(std::string_view name) const {
    if (!name.starts_with(name_)) {
      return false;
    }
    const std::string_view suffix = name.substr(name_.size());
    if (type_ == "histogram") {
      return suffix == "_bucket" || suffix == "_sum" || suffix == "_count";
    }
    if (type_ == "counter") {
      return open_metrics_ ? suffix == "_total" : suffix.empty() && name.ends_with("_total");
    }
    return suffix.empty();
  }

  /// The value of `le`, empty if there is none.
  std::string checkLabels(std::string_view text, std::string_view line) {
    std::string le;
    if (text.empty()) {
      return le;
    }
    object(!text.starts_with('{') || !text.ends_with('}') || text.size() < 3, "braces", line);
    std::set<std::string> names;
    std::size_t at = 1;
    while (at < text.size() && text[at] != '}') {
      const std::size_t equals = text.find("=\"", at);
      if (equals == std::string_view::npos) {
        object(true, "label", line);
        return le;
      }
      std::string name(text.substr(at, equals - at));
      object(!isMetricName(name) || name.find(':') != std::string::npos, "label name", line);
      object(!names.insert(name).second, "label comes twice", line);
      std::string value = readQuoted(text, at = equals + 2, line);
      object(value.empty(), "empty label", line);
      if (name == "le") {
        le = value;
      }
      object(at < text.size() && text[at] != ',' && text[at] != '}', "after label", line);
      at += at < text.size() && text[at] == ',' ? 1 : 0;
    }
    return le;
  }

  std::string readQuoted(std::string_view text, std::size_t& at, std::string_view line) {
    std::string value;
    while (at < text.size() && text[at] != '"') {
      if (text[at] == '\\') {
        ++at;
        const char escaped = at < text.size() ? text[at] : '\0';
        object(escaped != '\\' && escaped != '"' && escaped != 'n', "escape", line);
      }
      object(static_cast<unsigned char>(text[at]) < 0x20, "control character", line);
      value += text[at++];
    }
    ++at;
    return value;
  }

  void checkHistogram(
      std::string_view name, const std::string& le, double value, std::string_view line
  ) {
    const bool bucket = name.ends_with("_bucket");
    object(bucket == le.empty(), "le", line);
    if (!bucket) {
      object(name.ends_with("_count") && value != last_bucket_, "count is not +Inf", line);
      object(!infinite_, "no +Inf bucket", line);
      if (name.ends_with("_count")) {
        last_bucket_ = 0;
        last_bound_.reset();
        infinite_ = false;
      }
      return;
    }
    double bound = 0;
    std::from_chars(le.data() + (le[0] == '+' ? 1 : 0), le.data() + le.size(), bound);
    object(open_metrics_ && le.find_first_of(".eI") == std::string::npos, "le is whole", line);
    object(last_bound_ && bound <= *last_bound_, "bounds do not grow", line);
    object(value < last_bucket_, "buckets do not grow", line);
    last_bound_ = bound;
    last_bucket_ = value;
    infinite_ = le == "+Inf";
  }

  void finishFamily() { object(last_bound_.has_value(), "histogram without its count", name_); }

  bool open_metrics_;
  bool help_ = false;
  std::string_view name_;
  std::string_view type_;
  std::optional<double> last_bound_;
  double last_bucket_ = 0;
  bool infinite_ = false;
  std::set<std::string> families_;
  std::map<std::string, double> values_;
  std::vector<std::string> objections_;
};

void expectClean(const ExpositionChecker& checker) {
  for (const std::string& objection : checker.objections()) {
    ADD_FAILURE() << objection;
  }
}

/// A series in every family, with label values that want care.
void fillEveryFamily(MetricShard& shard) {
  for (const FamilyRow& row : familyTable()) {
    const bool by_scraper = row.family == Family::kBuildInfo || row.name.starts_with("process_");
    if (by_scraper) {
      continue;
    }
    for (std::string_view awkward : {"plain", "with \"quotes\" \\ and\nlines, =}"}) {
      const std::vector<std::string_view> labels(row.labels.size(), awkward);
      if (row.kind == MetricKind::kCounter) {
        shard.counter(row.family, labels).add(1'000'000);
      } else if (row.kind == MetricKind::kGauge) {
        shard.gauge(row.family, labels).set(-3);
      } else {
        shard.histogram(row.family, labels).observe(0.3);
        shard.histogram(row.family, labels).observe(1e9);
      }
    }
  }
}

class PrometheusTest : public testing::TestWithParam<Exposition> {
 protected:
  std::string page() { return writeExposition(scraper_.scrape(), GetParam()); }

  Metrics metrics_{2};
  Scraper scraper_{metrics_, {"1.0", "abc"}};
};

TEST_P(PrometheusTest, EveryFamilyIsWellFormed) {
  fillEveryFamily(metrics_.worker(0));
  fillEveryFamily(metrics_.worker(1));
  ExpositionChecker checker(page(), GetParam());
  expectClean(checker);
  EXPECT_EQ(checker.value("gatehouse_build_info{version=\"1.0\",commit=\"abc\"}"), 1);
  EXPECT_EQ(checker.value("gatehouse_config_reloads_total{result=\"plain\"}"), 2'000'000);
  EXPECT_EQ(
      checker.value("gatehouse_requests_in_flight{gateway=\"plain\",listener=\"plain\"}"), -6
  );
}

TEST_P(PrometheusTest, AnEmptyGatewayStillTellsAboutItself) {
  ExpositionChecker checker(page(), GetParam());
  expectClean(checker);
  Scraper nameless(metrics_, {});
  const std::string page_of_nameless = writeExposition(nameless.scrape(), GetParam());
  expectClean(ExpositionChecker(page_of_nameless, GetParam()));
  EXPECT_GT(checker.value("process_resident_memory_bytes").value_or(0), 1e6);
  EXPECT_GT(checker.value("process_start_time_seconds").value_or(0), 1.5e9);
  EXPECT_GE(checker.value("process_open_fds").value_or(0), 3);
  EXPECT_TRUE(checker.value("process_cpu_seconds_total"));
}

INSTANTIATE_TEST_SUITE_P(
    Both, PrometheusTest, testing::Values(Exposition::kPrometheus, Exposition::kOpenMetrics)
);

TEST(ExpositionChecker, ObjectsToWhatIsWrong) {
  for (std::string_view bad : {
           "# HELP a_total x\n# TYPE a_total counter\na 1\n",
           "# HELP a_total x\n# TYPE a_total counter\na_total -1\n",
           "# HELP a x\n# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n",
           "# HELP a x\n# TYPE a gauge\na{b=\"\\x\"} 1\n",
           "# HELP a x\n# TYPE a gauge\na one\n",
           "# HELP a x\n# TYPE a gauge\na 1\na 2\n",
           "# TYPE a gauge\na 1\n",
           "# HELP a x\n# TYPE a gauge\na 1",
           "# HELP a x\n# TYPE a gauge\na 1\n# EOF\n",
           "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\n"
           "a_sum 1\na_count 1\n",
           "# HELP a x\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_sum 1\na_count 2\n",
       }) {
    EXPECT_FALSE(ExpositionChecker(bad, Exposition::kPrometheus).objections().empty()) << bad;
  }
}

TEST(Exposition, IsChosenByTheAcceptField) {
  using enum Exposition;
  EXPECT_EQ(chooseExposition(""), kPrometheus);
  EXPECT_EQ(chooseExposition("*/*"), kPrometheus);
  EXPECT_EQ(chooseExposition("text/plain"), kPrometheus);
  EXPECT_EQ(chooseExposition("application/openmetrics-text"), kOpenMetrics);
  EXPECT_EQ(
      chooseExposition("application/openmetrics-text;version=1.0.0;q=0.6,text/plain;"
                       "version=0.0.4;q=0.3,*/*;q=0.1"),
      kOpenMetrics
  );
  EXPECT_EQ(chooseExposition("application/openmetrics-text;q=0.2, text/plain"), kPrometheus);
  EXPECT_EQ(chooseExposition("application/openmetrics-text;q=0"), kPrometheus);
  EXPECT_EQ(chooseExposition("application/openmetrics-text;q=many"), kPrometheus);
}

}  // namespace
}  // namespace gatehouse::telemetry
