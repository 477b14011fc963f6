#include "resource/decode_core.h"

#include <gtest/gtest.h>

#include "resource/test_load.h"
#include "wire/json_write.h"

namespace gatehouse::resource {
namespace {

TEST(DecodeSecret, StringDataWinsAndNothingIsExpandedWithoutLookUp) {
  const auto secret = loadOne<Secret>(R"(
apiVersion: v1
kind: Secret
metadata: {name: s}
type: kubernetes.io/tls
data: {a: b2xk, b: Z29vZA==}
stringData: {a: "new ${HOME}"}
immutable: true
)");
  ASSERT_NE(secret, nullptr);
  EXPECT_EQ(secret->type, "kubernetes.io/tls");
  EXPECT_TRUE(secret->immutable);
  EXPECT_EQ(secret->find("a")->reveal(), "new ${HOME}");
  EXPECT_EQ(secret->find("b")->reveal(), "good");
  EXPECT_EQ(secret->find("c"), nullptr);
  EXPECT_EQ(secret->meta.document, nullptr);
}

TEST(DecodeSecret, ReplacesNames) {
  const Loaded loaded = loadClean(
      R"(
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData:
  a: "${KEY}-${KEY}"
  b: "$KEY $$ {KEY} $"
data: {c: JHtLRVl9}
)",
      [](std::string_view name) {
        return name == "KEY" ? std::optional<std::string>("v") : std::nullopt;
      }
  );
  const auto& secret = *std::get<Shared<Secret>>(loaded.objects.at(0));
  EXPECT_EQ(secret.find("a")->reveal(), "v-v");
  EXPECT_EQ(secret.find("b")->reveal(), "$KEY $$ {KEY} $");
  EXPECT_EQ(secret.find("c")->reveal(), "${KEY}");
}

TEST(DecodeSecret, AKeyWithAMalformedReferenceIsAnErrorAndLeftOut) {
  for (const std::string_view text : {"${KEY:-d}", "a${", "${}", "${KEY x}", "${KEY", "${1}"}) {
    const SchemaSet schemas = SchemaSet::builtIn();
    Loader loader(schemas, {.variable = [](std::string_view) { return std::string("v"); }});
    loader.add(
        "s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  good: ${KEY}\n  bad: "
        "\"" +
            std::string(text) + "\"\n"
    );
    const Loaded loaded = loader.finish();
    ASSERT_EQ(loaded.findings.size(), 1u) << text;
    EXPECT_EQ(loaded.findings[0].severity, Severity::kError);
    EXPECT_EQ(loaded.findings[0].field, "stringData.bad");
    EXPECT_EQ(loaded.findings[0].position.line, 6u);
    ASSERT_EQ(loaded.objects.size(), 1u);
    const auto& secret = *std::get<Shared<Secret>>(loaded.objects.front());
    EXPECT_EQ(secret.find("bad"), nullptr);
    EXPECT_EQ(secret.find("good")->reveal(), "v");
  }
}

TEST(DecodeSecret, ABadValueCostsItsKeyAlone) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {.variable = [](std::string_view) { return std::nullopt; }});
  loader.add("s.yaml", R"(
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {a: Z29vZA==, b: hush-hush, c: 12, d: hush-hush, e: b2xk}
stringData: {d: good, e: "${UNSET}", f: [hush-hush]}
)");
  const Loaded loaded = loader.finish();
  std::vector<std::string> found;
  for (const Finding& finding : loaded.findings) {
    EXPECT_EQ(finding.severity, Severity::kError);
    EXPECT_FALSE(finding.message.contains("hush")) << finding.message;
    found.push_back(finding.field);
  }
  EXPECT_EQ(
      found,
      (std::vector<std::string>{"data.b", "data.c", "data.d", "stringData.e", "stringData.f"})
  );
  ASSERT_EQ(loaded.objects.size(), 1u);
  EXPECT_TRUE(loaded.refused.empty());
  const auto& secret = *std::get<Shared<Secret>>(loaded.objects.front());
  EXPECT_EQ(secret.find("a")->reveal(), "good");
  EXPECT_EQ(secret.find("d")->reveal(), "good");
  EXPECT_EQ(secret.data.size(), 2u);
  EXPECT_EQ(secret.unusable, (std::set<std::string, std::less<>>{"b", "c", "e", "f"}));
}

TEST(DecodeService, PortsTakeTheirDefaults) {
  const auto service = loadOne<Service>(R"(
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports:
    - {port: 80, targetPort: http, nodePort: 30160, appProtocol: kubernetes.io/h2c}
    - {name: b, port: 81}
    - {name: c, port: 82, targetPort: 8082}
)");
  ASSERT_NE(service, nullptr);
  EXPECT_EQ(service->type, ServiceType::kNodePort);
  EXPECT_EQ(std::get<std::string>(service->ports[0].target_port), "http");
  EXPECT_EQ(service->ports[0].node_port, 30160);
  EXPECT_EQ(service->ports[0].app_protocol, "kubernetes.io/h2c");
  EXPECT_EQ(std::get<std::uint16_t>(service->ports[1].target_port), 81);
  EXPECT_EQ(service->ports[1].protocol, "TCP");
  EXPECT_EQ(std::get<std::uint16_t>(service->ports[2].target_port), 8082);
}

TEST(DecodeEndpointSlice, AbsentReadyIsReady) {
  const auto slice = loadOne<EndpointSlice>(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints:
  - {addresses: [10.0.0.1]}
  - {addresses: [10.0.0.2], conditions: {ready: false}}
)");
  ASSERT_NE(slice, nullptr);
  EXPECT_EQ(slice->serviceName(), "web");
  EXPECT_EQ(slice->ports[0].port, 8080);
  EXPECT_TRUE(slice->endpoints[0].ready);
  EXPECT_FALSE(slice->endpoints[1].ready);
}

TEST(DecodeEndpointSlice, AbsentServingIsAsReady) {
  const auto slice = loadOne<EndpointSlice>(R"(
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http}]
endpoints:
  - {addresses: [10.0.0.1]}
  - {addresses: [10.0.0.2], conditions: {ready: false}}
  - {addresses: [10.0.0.3], conditions: {ready: false, serving: true, terminating: true}}
)");
  ASSERT_NE(slice, nullptr);
  EXPECT_EQ(slice->ports[0].port, 0);
  EXPECT_TRUE(slice->endpoints[0].serving);
  EXPECT_FALSE(slice->endpoints[0].terminating);
  EXPECT_FALSE(slice->endpoints[1].serving);
  EXPECT_TRUE(slice->endpoints[2].serving);
  EXPECT_TRUE(slice->endpoints[2].terminating);
}

TEST(DecodeReferenceGrant, NameIsOptional) {
  const auto grant = loadOne<ReferenceGrant>(R"(
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: g}
spec:
  from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: edge}]
  to: [{group: "", kind: Secret}, {group: "", kind: Secret, name: x}]
)");
  ASSERT_NE(grant, nullptr);
  EXPECT_EQ(grant->from[0].ns, "edge");
  EXPECT_EQ(grant->to[0].name, std::nullopt);
  EXPECT_EQ(grant->to[1].name, "x");
}

TEST(DecodeStores, FakeValuesAreNotShown) {
  const auto store = loadOne<SecretStore>(R"(
apiVersion: external-secrets.io/v1
kind: SecretStore
metadata: {name: fake}
spec: {provider: {fake: {data: [{key: a, value: hush-hush}]}}}
)");
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(wire::writeJson(store->spec).contains("hush-hush"));
  EXPECT_FALSE(wire::writeJson(*store->meta.document).contains("hush-hush"));
}

}  // namespace
}  // namespace gatehouse::resource
