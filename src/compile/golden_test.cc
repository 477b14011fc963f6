// Runs the cases of test/golden/compile: manifests in; snapshot, conditions and findings out, word
// for word. The first line of a case may give options: `# options: host=0.0.0.0 ipv6
// bind=gw=127.0.0.1:9000`. GATEHOUSE_UPDATE_GOLDEN=1 writes what comes out in place of what is
// expected; review it before committing.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/text.h"
#include "compile/compile.h"
#include "compile/describe.h"
#include "resource/load.h"

namespace gatehouse::compile {
namespace {

namespace fs = std::filesystem;

const fs::path kSource(GATEHOUSE_SOURCE_DIR);
const fs::path kFolder = kSource / "test" / "golden" / "compile";

std::string readFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

CompileOptions optionsOf(const std::string& text) {
  CompileOptions options;
  constexpr std::string_view kMark = "# options: ";
  if (!text.starts_with(kMark)) {
    return options;
  }
  const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  for (const std::string_view word : split(line.substr(kMark.size()), ' ')) {
    if (word.starts_with("host=")) {
      options.addresses.host = word.substr(5);
    } else if (word.starts_with("bind=")) {
      options.addresses.binds.push_back(parseBindFlag(word.substr(5)).value());
    } else if (word.starts_with("local=")) {
      options.addresses.local_addresses.emplace_back(word.substr(6));
    } else if (word == "ipv6") {
      options.addresses.has_ipv6 = true;
    } else {
      ADD_FAILURE() << "unknown option " << word;
    }
  }
  return options;
}

std::string report(const Compiled& compiled) {
  std::string text = "== snapshot\n";
  text += compiled.snapshot == nullptr ? "none\n" : describe(*compiled.snapshot);
  text += "== status\n" + describe(compiled.report);
  text += "== findings\n";
  for (const resource::Finding& finding : compiled.findings) {
    text += resource::toString(finding) + "\n";
  }
  for (const std::string& error : compiled.flag_errors) {
    text += "flag: " + error + "\n";
  }
  return text;
}

void check(const fs::path& expected, const std::string& text) {
  if (std::getenv("GATEHOUSE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(expected, std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(text, readFile(expected)) << expected;
}

resource::Loaded readFiles(std::vector<fs::path> files, const fs::path& root) {
  std::ranges::sort(files);
  const resource::SchemaSet schemas = resource::SchemaSet::builtIn();
  resource::Loader loader(schemas, {});
  for (const fs::path& file : files) {
    loader.add(file.lexically_relative(root).string(), readFile(file));
  }
  return loader.finish();
}

resource::ResourceSet setOf(resource::Loaded loaded) {
  EXPECT_EQ(resource::countErrors(loaded.findings), 0u) << resource::toString(loaded.findings[0]);
  return {std::move(loaded.objects), 1};
}

class CompileGolden : public testing::TestWithParam<std::string> {};

TEST_P(CompileGolden, SnapshotStatusAndFindings) {
  const fs::path yaml = kFolder / (GetParam() + ".yaml");
  const resource::ResourceSet resources = setOf(readFiles({yaml}, kFolder));
  const Compiled compiled = compile(resources, optionsOf(readFile(yaml)));
  check(kFolder / (GetParam() + ".txt"), report(compiled));
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") {
      names.push_back(entry.path().stem().string());
    }
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Compile, CompileGolden, testing::ValuesIn(cases()), [](const auto& info) {
  return info.param;
});

/// The seed's folders, with the given ones of `implied`.
resource::Loaded readSeed(const std::vector<std::string>& folders) {
  const fs::path root = kSource / "examples" / "seed";
  std::vector<fs::path> files;
  for (const std::string& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() == ".yaml") {
        files.push_back(entry.path());
      }
    }
  }
  return readFiles(std::move(files), root);
}

resource::ResourceSet loadSeed(const std::vector<std::string>& folders) {
  return setOf(readSeed(folders));
}

TEST(Seed, AsWritten) {
  const auto resources = loadSeed({"manifests", "implied", "standalone-only"});
  check(kFolder / "seed.txt", report(compile(resources, {})));
}

TEST(Seed, WithPlainSecretsAndWithoutNodePorts) {
  const auto resources = loadSeed(
      {"manifests", "implied/backends", "implied/gateways", "implied/routes", "plain-secrets"}
  );
  check(kFolder / "seed_plain.txt", report(compile(resources, {})));
}

/// Acceptance line 1 of the seed: what `validate` says, but for notes.
TEST(Seed, ExactlyItsOwnWarnings) {
  resource::Loaded loaded = readSeed({"manifests", "implied", "standalone-only"});
  std::vector<resource::Finding> findings = loaded.findings;
  const Compiled compiled = compile(setOf(std::move(loaded)), {});
  findings.insert(findings.end(), compiled.findings.begin(), compiled.findings.end());
  std::erase_if(findings, [](const resource::Finding& finding) {
    return finding.severity == resource::Severity::kInfo;
  });
  std::string text;
  for (const resource::Finding& finding : findings) {
    text += resource::toString(finding) + "\n";
  }
  EXPECT_EQ(
      text,
      "manifests/secrets/clustersecretstore.yaml:6:3: warning: ClusterSecretStore vault: "
      "metadata.namespace: ClusterSecretStore is cluster-scoped, the namespace is dropped\n"
      "manifests/secrets/clustersecretstore.yaml:12:7: warning: ClusterSecretStore vault: "
      "spec.provider.vault.kind: unknown field\n"
  );
}

TEST(Seed, SameInputSameText) {
  const auto resources = loadSeed({"manifests", "implied", "standalone-only"});
  EXPECT_EQ(report(compile(resources, {})), report(compile(resources, {})));
}

}  // namespace
}  // namespace gatehouse::compile
