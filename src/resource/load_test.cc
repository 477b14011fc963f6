#include "resource/load.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse::resource {
namespace {

std::vector<std::string> lines(const Loaded& loaded) {
  std::vector<std::string> text;
  for (const Finding& finding : loaded.findings) {
    text.push_back(toString(finding));
  }
  return text;
}

TEST(Loader, NamesBothPlacesOfARepeatedObject) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {.default_namespace = "team"});
  loader.add("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n");
  loader.add(
      "b.yaml", "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: team}\n"
  );
  const Loaded loaded = loader.finish();
  EXPECT_EQ(loaded.objects.size(), 1U);
  EXPECT_EQ(metaOf(loaded.objects[0]).source.file, "a.yaml");
  EXPECT_EQ(
      lines(loaded),
      std::vector<std::string>{
          "b.yaml:3:1: error: ConfigMap team/m: metadata.name: this object is already "
          "defined at a.yaml:1:1; that one counts"
      }
  );
}

TEST(Loader, NamesWhatIsLeftOutForItsErrors) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {.default_namespace = "team"});
  loader.add(
      "a.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n---\n"
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n---\n"
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndata: 1\n"
  );
  const Loaded loaded = loader.finish();
  const ObjectKey bad{.group = "", .kind = "ConfigMap", .ns = "team", .name = "bad"};
  EXPECT_EQ(loaded.refused, std::vector<ObjectKey>{bad});
  const ResourceSet set(loaded.objects, 1, loaded.refused);
  EXPECT_EQ(set.find<ConfigMap>("team", "bad"), nullptr);
  EXPECT_TRUE(set.refused(bad));
  EXPECT_FALSE(set.refused({.group = "", .kind = "ConfigMap", .ns = "team", .name = "good"}));
}

TEST(Loader, KeepsWhatAFaultyTlsPolicyIsFor) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {.default_namespace = "team"});
  loader.add(
      "a.yaml",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: BackendTLSPolicy\nmetadata: {name: p}\n"
      "spec: {targetRefs: [{group: '', kind: Service, name: web}, 7], validation: {}}\n"
  );
  Loaded loaded = loader.finish();
  EXPECT_TRUE(loaded.objects.empty());
  const ResourceSet set({}, 1, loaded.refused, std::move(loaded.refused_tls));
  ASSERT_EQ(set.refusedTls().size(), 1u);
  EXPECT_EQ(set.refusedTls()[0]->meta.key.ns, "team");
  ASSERT_FALSE(set.refusedTls()[0]->target_refs.empty());
  EXPECT_EQ(set.refusedTls()[0]->target_refs[0].name, "web");
}

TEST(Loader, KeepsOfAFaultyRouteItsParentsAndWhatIsWrong) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(
      schemas,
      {.default_namespace = "team", .generation = [](const ObjectKey&, const auto&) { return 5; }}
  );
  loader.add(
      "a.yaml",
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n"
      "spec: {parentRefs: [{name: edge}], hostnames: 7, rules: [1, {filters: x, timeouts: []}]}\n"
  );
  Loaded loaded = loader.finish();
  ASSERT_EQ(loaded.refused_routes.size(), 1u);
  const RefusedRoute refused = loaded.refused_routes[0];
  EXPECT_EQ(refused.route->parent_refs.at(0).name, "edge");
  EXPECT_EQ(refused.route->meta.generation, 5);
  EXPECT_TRUE(refused.why.contains("spec.hostnames: ")) << refused.why;
  EXPECT_TRUE(refused.why.contains("; spec.rules[0]: ")) << refused.why;
  EXPECT_EQ(ResourceSet({}, 1, {}, {}, loaded.refused_routes).refusedRoutes().size(), 1u);
}

TEST(Loader, IgnoredKindsAreReportedOnceOverAllFiles) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {});
  loader.add("a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: one}\n");
  loader.add(
      "b.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: two, namespace: x}\n"
  );
  const Loaded loaded = loader.finish();
  EXPECT_EQ(
      lines(loaded),
      std::vector<std::string>{
          "a.yaml:1:1: info: Deployment one: ignored, apps/v1 Deployment is not served (and 1 more)"
      }
  );
  EXPECT_EQ(loaded.objects.size(), 2U);
}

TEST(Loader, WhatIsNoManifestIsToldAndIgnored) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {});
  loader.add("values.yaml", "replicas: 2\nimage: {tag: x}\n");
  loader.add("with_kind.yaml", "kind: ConfigMap\nmetadata: {name: m}\n");
  const Loaded loaded = loader.finish();
  EXPECT_TRUE(loaded.objects.empty());
  EXPECT_EQ(
      lines(loaded),
      (std::vector<std::string>{
          "values.yaml:1:1: warning: no manifest, as it has neither apiVersion nor kind; it is "
          "ignored",
          "with_kind.yaml:1:1: error: apiVersion: required field is missing",
      })
  );
}

TEST(Loader, ReadsJsonAndByteOrderMark) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {});
  loader.add(
      "a.json",
      "\xEF\xBB\xBF[{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"n\"}}]"
  );
  const Loaded loaded = loader.finish();
  EXPECT_TRUE(lines(loaded).empty()) << lines(loaded).front();
  ASSERT_EQ(loaded.objects.size(), 1U);
  EXPECT_EQ(toString(metaOf(loaded.objects[0]).key), "Namespace n");
}

TEST(Loader, TakesObjectsOfOtherSources) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {});
  wire::Value object;
  object.set("apiVersion", "v1");
  object.set("kind", "Namespace");
  object.set("metadata", wire::Value()).set("name", "n");
  loader.addObject("api server", object);
  EXPECT_EQ(loader.finish().objects.size(), 1U);
  EXPECT_TRUE(loader.finish().objects.empty());
}

TEST(Loader, SecretAndExternalSecretMayNotShareATarget) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {});
  loader.add("s.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\n");
  const std::string external =
      "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: NAME}\n"
      "spec: {target: {name: key, creationPolicy: POLICY}, data: [{secretKey: a, remoteRef: {key: "
      "b}}]}\n";
  const auto variant = [&](std::string name, std::string policy) {
    std::string text = external;
    text.replace(text.find("NAME"), 4, name);
    return text.replace(text.find("POLICY"), 6, policy);
  };
  loader.add("e.yaml", variant("owner", "Owner"));
  loader.add("m.yaml", variant("merger", "Merge"));
  const Loaded loaded = loader.finish();
  EXPECT_EQ(
      lines(loaded),
      std::vector<std::string>{
          "e.yaml:1:1: error: ExternalSecret default/owner: spec.target.name: the Secret "
          "default/key already comes from Secret default/key at s.yaml:1:1"
      }
  );
  EXPECT_EQ(loaded.objects.size(), 2U);
}

TEST(Finding, LeavesOutWhatItDoesNotKnow) {
  EXPECT_EQ(
      toString(Finding{
          .severity = Severity::kWarning,
          .file = "f",
          .position = {},
          .object = {},
          .field = {},
          .message = "m"
      }),
      "f: warning: m"
  );
}

}  // namespace
}  // namespace gatehouse::resource
