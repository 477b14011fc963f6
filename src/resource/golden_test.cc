// Runs the cases of test/golden/resource: what the loader says about each file, word for word.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "resource/load.h"

namespace gatehouse::resource {
namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(GATEHOUSE_SOURCE_DIR) / "test" / "golden" / "resource";

std::string readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::optional<std::string> lookUp(std::string_view name) {
  return name == "KEY" ? std::optional<std::string>("value") : std::nullopt;
}

/// Findings, one a line, then the objects that survived.
std::string report(const std::filesystem::path& path, bool strict) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {.strict = strict, .variable = lookUp});
  loader.add(path.filename().string(), readFile(path));
  Loaded loaded = loader.finish();
  std::string text;
  for (const Finding& finding : loaded.findings) {
    text += toString(finding) + "\n";
  }
  std::vector<std::string> kept;
  for (const AnyObject& object : loaded.objects) {
    if (!std::holds_alternative<Shared<OpaqueObject>>(object)) {
      kept.push_back(toString(metaOf(object).key));
    }
  }
  text += "kept:";
  for (const std::string& name : kept) {
    text += " [" + name + "]";
  }
  return text + "\n";
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, Findings) {
  const std::filesystem::path yaml = kFolder / (GetParam() + ".yaml");
  const std::filesystem::path findings = kFolder / (GetParam() + ".findings");
  const std::filesystem::path strict = kFolder / (GetParam() + ".strict");
  EXPECT_EQ(report(yaml, false), readFile(findings));
  EXPECT_EQ(report(yaml, true), readFile(std::filesystem::exists(strict) ? strict : findings));
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Resource, Golden, testing::ValuesIn(cases()), [](const auto& info) {
  return info.param;
});

}  // namespace
}  // namespace gatehouse::resource
