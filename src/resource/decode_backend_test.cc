#include "resource/decode_backend.h"

#include <gtest/gtest.h>

#include "resource/test_load.h"
#include "wire/json_write.h"

namespace gatehouse::resource {
namespace {

TEST(DecodeBackend, SingleProviderIsOneGroupOfOne) {
  const auto backend = loadOne<AgentgatewayBackend>(R"(
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata: {name: xai, namespace: llm}
spec:
  ai:
    provider:
      openai: {model: grok-4.3}
      host: api.x.ai
      port: 443
      pathPrefix: /v1
  policies:
    auth: {secretRef: {name: xai-secret}}
    tls: {sni: api.x.ai}
    health: {unhealthyCondition: "response.code > 499"}
)");
  ASSERT_NE(backend, nullptr);
  const auto& ai = std::get<AiBackend>(backend->target);
  ASSERT_EQ(ai.groups.size(), 1U);
  const AiProvider& provider = ai.groups[0].providers.front();
  EXPECT_EQ(provider.kind, ProviderKind::kOpenAi);
  EXPECT_EQ(provider.model, "grok-4.3");
  EXPECT_EQ(provider.host, "api.x.ai");
  EXPECT_EQ(provider.port, 443);
  EXPECT_EQ(provider.path_prefix, "/v1");
  const auto& secret = std::get<SecretKeyRef>(backend->policies.auth->primary);
  EXPECT_EQ(toString(keyOf(secret)), "Secret llm/xai-secret");
  EXPECT_EQ(secret.key, "");
  EXPECT_EQ(backend->policies.tls->sni, "api.x.ai");
  EXPECT_EQ(backend->policies.tls->verify, BackendTls::Verify::kFull);
  ASSERT_EQ(backend->policies.other.size(), 1U);
  EXPECT_EQ(backend->policies.other[0].name, "health");
  EXPECT_EQ(backend->policies.other[0].position.line, 15U);
}

TEST(DecodeBackend, GroupsKeepTheirOrderAndPolicies) {
  const auto backend = loadOne<AgentgatewayBackend>(R"(
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata: {name: groups}
spec:
  ai:
    groups:
      - providers:
          - {name: a, anthropic: {}}
          - name: b
            vertexai: {projectId: p, model: gemini}
            policies:
              auth:
                passthrough: {}
                location: {header: {name: x-api-key}}
                credentials:
                  - location: {queryParameter: {name: k}}
                    secretRef: {name: s, key: k}
      - providers: [{name: c, openai: {}}]
)");
  ASSERT_NE(backend, nullptr);
  const auto& ai = std::get<AiBackend>(backend->target);
  ASSERT_EQ(ai.groups.size(), 2U);
  EXPECT_EQ(ai.groups[0].providers[0].kind, ProviderKind::kAnthropic);
  EXPECT_EQ(ai.groups[0].providers[0].model, std::nullopt);
  const AiProvider& vertex = ai.groups[0].providers[1];
  EXPECT_EQ(vertex.kind, ProviderKind::kVertexAi);
  EXPECT_EQ(wire::writeJson(vertex.settings), R"({"projectId":"p","model":"gemini"})");
  const BackendAuth& auth = *vertex.policies.auth;
  EXPECT_TRUE(std::holds_alternative<BackendAuth::Passthrough>(auth.primary));
  EXPECT_EQ(auth.location->name, "x-api-key");
  EXPECT_EQ(auth.location->prefix, std::nullopt);
  EXPECT_EQ(auth.credentials[0].location.kind, CredentialLocation::Kind::kQueryParameter);
  EXPECT_EQ(auth.credentials[0].secret_ref.key, "k");
  EXPECT_EQ(ai.groups[1].providers[0].name, "c");
}

TEST(DecodeBackend, LiteralKeysAreNeitherShownNorLost) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {});
  loader.add("test.yaml", R"(
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata: {name: literal}
spec:
  static: {host: 10.0.0.1, port: 8000}
  policies:
    auth: {key: hush-hush}
    http: {version: HTTP2, requestTimeout: 30s}
    tcp: {connectTimeout: 2s, keepalive: {retries: 3}}
    tls:
      insecureSkipVerify: Hostname
      mtlsCertificateRef: [{name: client}]
)");
  const Loaded loaded = loader.finish();
  ASSERT_EQ(loaded.findings.size(), 1U);
  EXPECT_EQ(loaded.findings[0].field, "spec.policies.auth.key");
  EXPECT_EQ(loaded.findings[0].severity, Severity::kWarning);
  const auto& backend = std::get<Shared<AgentgatewayBackend>>(loaded.objects.at(0));
  EXPECT_EQ(std::get<SensitiveText>(backend->policies.auth->primary).reveal(), "hush-hush");
  EXPECT_EQ(std::get<StaticBackend>(backend->target).port, 8000);
  EXPECT_EQ(backend->policies.http->version, UpstreamHttpVersion::kHttp2);
  EXPECT_EQ(backend->policies.tcp->connect_timeout, Seconds(2));
  EXPECT_EQ(backend->policies.tcp->keepalive->retries, 3U);
  EXPECT_EQ(backend->policies.tls->verify, BackendTls::Verify::kChainOnly);
  EXPECT_EQ(backend->policies.tls->mtls_certificate_ref->name, "client");
  const std::string shown = wire::writeJson(*backend->meta.document);
  EXPECT_FALSE(shown.contains("hush-hush")) << shown;
  EXPECT_TRUE(shown.contains(R"x("key":"(hidden)")x")) << shown;
}

TEST(DecodeBackend, OtherTargetsAreKept) {
  const auto backend = loadOne<AgentgatewayBackend>(R"(
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata: {name: tools}
spec:
  mcp: {targets: [{name: t, static: {host: a, port: 1}}]}
)");
  ASSERT_NE(backend, nullptr);
  EXPECT_EQ(std::get<OtherBackend>(backend->target).section.name, "mcp");
}

}  // namespace
}  // namespace gatehouse::resource
