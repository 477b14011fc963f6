// The seed's manifests, unchanged: exactly the oddities of seed.md, nothing else (its acceptance
// line 1).
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "resource/load.h"

namespace gatehouse::resource {
namespace {

const std::filesystem::path kSeed =
    std::filesystem::path(GATEHOUSE_SOURCE_DIR) / "examples" / "seed";

Loaded loadSeed(bool strict) {
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"manifests", "implied", "standalone-only"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kSeed / folder)) {
      if (entry.path().extension() == ".yaml") {
        files.push_back(entry.path());
      }
    }
  }
  std::ranges::sort(files);
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {.strict = strict});
  for (const std::filesystem::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    loader.add(path.lexically_relative(kSeed).string(), text.str());
  }
  return loader.finish();
}

std::string report(const Loaded& loaded) {
  std::string text;
  for (const Finding& finding : loaded.findings) {
    text += toString(finding) + "\n";
  }
  return text;
}

TEST(Seed, WarnsOfItsOdditiesAndNothingElse) {
  const Loaded loaded = loadSeed(false);
  EXPECT_EQ(
      report(loaded),
      "implied/argocd/agentgateway-config.yaml:2:1: info: Application argocd/agentgateway-config: "
      "ignored, argoproj.io/v1alpha1 Application is not served (and 1 more)\n"
      "manifests/secrets/clustersecretstore.yaml:6:3: warning: ClusterSecretStore vault: "
      "metadata.namespace: ClusterSecretStore is cluster-scoped, the namespace is dropped\n"
      "manifests/secrets/clustersecretstore.yaml:12:7: warning: ClusterSecretStore vault: "
      "spec.provider.vault.kind: unknown field\n"
  );
  const ResourceSet set(loaded.objects, 1);
  EXPECT_EQ(set.all<Gateway>().size(), 3U);
  EXPECT_EQ(set.all<HttpRoute>().size(), 4U);
  EXPECT_EQ(set.all<AgentgatewayBackend>().size(), 4U);
  EXPECT_EQ(set.all<Service>().size(), 4U);
  EXPECT_EQ(set.all<ExternalSecret>().size(), 3U);
  EXPECT_NE(set.find<SecretStore>("", "vault"), nullptr);
  ASSERT_EQ(set.all<AgentgatewayPolicy>().size(), 1U);
  EXPECT_EQ(set.all<AgentgatewayPolicy>().front()->target_refs.size(), 3U);
}

TEST(Seed, StrictRefusesTheUnknownField) {
  const Loaded loaded = loadSeed(true);
  EXPECT_EQ(countErrors(loaded.findings), 2U);
  EXPECT_TRUE(report(loaded).contains(
      "manifests/secrets/clustersecretstore.yaml:12:7: error: ClusterSecretStore vault: "
      "spec.provider.vault.kind: unknown field\n"
  ));
}

}  // namespace
}  // namespace gatehouse::resource
