// docs/telemetry.md holds the tables below, character for character: whoever changes a name changes
// the page.
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "telemetry/attributes.h"
#include "telemetry/metric_families.h"
#include "telemetry/outcome.h"

namespace gatehouse::telemetry {
namespace {

std::string page() {
  std::ifstream file(GATEHOUSE_SOURCE_DIR "/docs/telemetry.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string code(std::string_view text) {
  return text.empty() ? "" : "`" + std::string(text) + "`";
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
  return "";
}

std::string metricTable() {
  std::ostringstream table;
  table << "| metric | kind | labels | meaning |\n|---|---|---|---|\n";
  for (const FamilyRow& row : familyTable()) {
    std::string labels;
    for (Attribute label : row.labels) {
      labels += (labels.empty() ? "" : " ") + code(labelName(label, row.names));
    }
    table << "| " << code(row.name) << " | " << kindName(row.kind) << " | " << labels << " | "
          << row.help << " |\n";
  }
  return table.str();
}

std::string labelTable() {
  std::ostringstream table;
  table << "| label | in `agentgateway_` metrics | meaning |\n|---|---|---|\n";
  for (const AttributeNames& row : attributeTable()) {
    if (!row.label.empty() || !row.label_agentgateway.empty()) {
      table << "| " << code(row.label) << " | " << code(row.label_agentgateway) << " | "
            << row.meaning << " |\n";
    }
  }
  return table.str();
}

std::string logTable() {
  std::ostringstream table;
  table << "| key | with `agentgateway` names | meaning |\n|---|---|---|\n";
  for (const AttributeNames& row : attributeTable()) {
    if (!row.log.empty()) {
      table << "| " << code(row.log) << " | " << code(row.log_agentgateway) << " | " << row.meaning
            << " |\n";
    }
  }
  return table.str();
}

std::string detailList() {
  std::string list;
  for (std::size_t i = 1; i < kDetailCount; ++i) {
    list +=
        (list.empty() ? "" : (i % 5 == 1 ? "\n" : " ")) + code(toString(static_cast<Detail>(i)));
  }
  return list + "\n";
}

TEST(TelemetryDocs, ThePageHoldsEveryName) {
  const std::string text = page();
  ASSERT_FALSE(text.empty());
  for (const std::string& part : {metricTable(), labelTable(), logTable(), detailList()}) {
    EXPECT_NE(text.find(part), std::string::npos) << "docs/telemetry.md should hold:\n" << part;
  }
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    const std::string row = "| " + code(toString(static_cast<Outcome>(i))) + " | ";
    EXPECT_NE(text.find(row), std::string::npos) << row;
  }
}

}  // namespace
}  // namespace gatehouse::telemetry
