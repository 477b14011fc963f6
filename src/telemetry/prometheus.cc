#include "telemetry/prometheus.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/text.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::string_view kTotal = "_total";

void appendNumber(std::string& out, double value) {
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  std::array<char, 32> text;
  // Whole numbers stay whole: "1e+06" would be right, but hard to read.
  const bool whole = std::trunc(value) == value && std::abs(value) < 9e15;
  auto* end =
      whole
          ? std::to_chars(text.data(), text.data() + text.size(), static_cast<std::int64_t>(value))
                .ptr
          : std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  out.append(text.data(), end);
}

void appendNumber(std::string& out, std::uint64_t value) {
  std::array<char, 24> text;
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

void appendLabelValue(std::string& out, std::string_view value) {
  for (char c : value) {
    if (c == '\\' || c == '"') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

std::string_view kindName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      return "histogram";
  }
  return "untyped";
}

/// Writes the lines of one family.
class FamilyWriter {
 public:
  FamilyWriter(std::string& out, const FamilyRow& row, Exposition exposition)
      : out_(out), row_(row), open_metrics_(exposition == Exposition::kOpenMetrics) {}

  void writeHead() {
    for (std::string_view word : {"# HELP ", "# TYPE "}) {
      out_ += word;
      out_ += metricName();
      out_ += ' ';
      out_ += word == "# HELP " ? row_.help : kindName(row_.kind);
      out_ += '\n';
    }
  }

  void write(const Sample& sample) {
    if (row_.kind == MetricKind::kHistogram) {
      writeHistogram(sample);
      return;
    }
    startLine("", sample);
    endLabels();
    appendNumber(out_, sample.value);
    out_ += '\n';
  }

 private:
  // OpenMetrics names the family of a counter without its suffix.
  std::string_view metricName() const {
    std::string_view name = row_.name;
    if (open_metrics_ && row_.kind == MetricKind::kCounter && name.ends_with(kTotal)) {
      name.remove_suffix(kTotal.size());
    }
    return name;
  }

  void startLine(std::string_view suffix, const Sample& sample) {
    out_ += row_.name;
    out_ += suffix;
    labels_open_ = false;
    for (std::size_t i = 0; i < row_.labels.size(); ++i) {
      addLabel(labelName(row_.labels[i], row_.names), sample.labels[i]);
    }
  }

  void addLabel(std::string_view name, std::string_view value) {
    out_ += labels_open_ ? ',' : '{';
    labels_open_ = true;
    out_ += name;
    out_ += "=\"";
    appendLabelValue(out_, value);
    out_ += '"';
  }

  void endLabels() { out_ += labels_open_ ? "} " : " "; }

  void writeHistogram(const Sample& sample) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= row_.bounds.size(); ++i) {
      below += sample.histogram.buckets[i];
      startLine("_bucket", sample);
      addLabel("le", boundText(i));
      endLabels();
      appendNumber(out_, below);
      out_ += '\n';
    }
    startLine("_sum", sample);
    endLabels();
    appendNumber(out_, sample.histogram.sum);
    out_ += '\n';
    startLine("_count", sample);
    endLabels();
    appendNumber(out_, below);
    out_ += '\n';
  }

  // OpenMetrics wants bounds as floating point: "1.0".
  std::string boundText(std::size_t index) const {
    if (index == row_.bounds.size()) {
      return "+Inf";
    }
    std::string text;
    appendNumber(text, row_.bounds[index]);
    if (open_metrics_ && text.find_first_of(".e") == std::string::npos) {
      text += ".0";
    }
    return text;
  }

  std::string& out_;
  const FamilyRow& row_;
  bool open_metrics_;
  bool labels_open_ = false;
};

struct MediaRange {
  std::string_view type;
  double weight = 1;
};

// One element of Accept: type, then parameters of which only q counts.
MediaRange readMediaRange(std::string_view element) {
  MediaRange range;
  std::optional<std::string_view> rest = element;
  range.type = trim(takePart(rest, ';').value_or(""));
  while (auto parameter = takePart(rest, ';')) {
    std::string_view text = trim(*parameter);
    if (istartsWith(text, "q=")) {
      text.remove_prefix(2);
      double weight = 0;
      auto read = std::from_chars(text.data(), text.data() + text.size(), weight);
      range.weight = read.ec == std::errc() && weight >= 0 && weight <= 1 ? weight : 0;
    }
  }
  return range;
}

}  // namespace

Exposition chooseExposition(std::string_view accept) {
  double open_metrics = 0;
  double plain = 0;
  std::optional<std::string_view> rest = accept;
  while (auto element = takePart(rest, ',')) {
    MediaRange range = readMediaRange(*element);
    if (iequals(range.type, "application/openmetrics-text")) {
      open_metrics = std::max(open_metrics, range.weight);
    } else if (iequals(range.type, "text/plain")) {
      plain = std::max(plain, range.weight);
    }
  }
  return open_metrics > 0 && open_metrics >= plain ? Exposition::kOpenMetrics
                                                   : Exposition::kPrometheus;
}

std::string_view contentType(Exposition exposition) {
  return exposition == Exposition::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

std::string writeExposition(std::span<const FamilySamples> families, Exposition exposition) {
  std::string out;
  for (const FamilySamples& family : families) {
    FamilyWriter writer(out, rowOf(family.family), exposition);
    writer.writeHead();
    for (const Sample& sample : family.samples) {
      writer.write(sample);
    }
  }
  if (exposition == Exposition::kOpenMetrics) {
    out += "# EOF\n";
  }
  return out;
}

}  // namespace gatehouse::telemetry
