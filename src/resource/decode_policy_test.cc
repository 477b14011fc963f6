#include "resource/decode_policy.h"

#include <gtest/gtest.h>

#include "resource/test_load.h"

namespace gatehouse::resource {
namespace {

TEST(DecodePolicy, KeepsSectionsByName) {
  const auto policy = loadOne<AgentgatewayPolicy>(R"(
apiVersion: enterpriseagentgateway.solo.io/v1alpha1
kind: EnterpriseAgentgatewayPolicy
metadata: {name: p, namespace: edge}
spec:
  targetRefs:
    - {group: gateway.networking.k8s.io, kind: Gateway, name: gw, sectionName: http}
  traffic:
    phase: PreRouting
    cors: {maxAge: 5}
    entWaf: {rules: 3}
  strategy: {inheritance: Override}
)");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->meta.key.kind, AgentgatewayPolicy::kEnterpriseKind);
  EXPECT_EQ(policy->target_refs[0].section_name, "http");
  EXPECT_EQ(policy->phase, PolicyPhase::kPreRouting);
  EXPECT_EQ(policy->inheritance, PolicyInheritance::kOverride);
  ASSERT_EQ(policy->traffic.size(), 2U);
  EXPECT_EQ(policy->traffic[1].name, "entWaf");
  EXPECT_FALSE(policy->backend.has_value());
}

TEST(DecodePolicy, SelectorsAndBackend) {
  const auto policy = loadOne<AgentgatewayPolicy>(R"(
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayPolicy
metadata: {name: p}
spec:
  targetSelectors:
    - {group: agentgateway.dev, kind: AgentgatewayBackend, matchLabels: {a: b}}
  backend:
    tls: {}
    ai: {modelAliases: {fast: gpt-4o-mini}}
)");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->target_selectors[0].match_labels.at("a"), "b");
  ASSERT_TRUE(policy->backend.has_value());
  EXPECT_TRUE(policy->backend->tls.has_value());
  EXPECT_EQ(policy->backend->other[0].name, "ai");
}

TEST(DecodeBackendTlsPolicy, ReadsNamesByType) {
  const auto policy = loadOne<BackendTlsPolicy>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: p}
spec:
  targetRefs: [{group: "", kind: Service, name: web, sectionName: https}]
  validation:
    hostname: web.example.com
    caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]
    subjectAltNames:
      - {type: Hostname, hostname: a.example.com}
      - {type: URI, uri: "spiffe://x/y"}
)");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->hostname, "web.example.com");
  EXPECT_EQ(toString(keyOf(policy->ca_certificate_refs[0])), "ConfigMap default/ca");
  EXPECT_EQ(policy->subject_alt_names[1].value, "spiffe://x/y");
}

}  // namespace
}  // namespace gatehouse::resource
