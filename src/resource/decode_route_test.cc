#include "resource/decode_route.h"

#include <gtest/gtest.h>

#include "resource/test_load.h"

namespace gatehouse::resource {
namespace {

TEST(DecodeHttpRoute, WithoutRulesMatchesEveryPath) {
  const auto route = loadOne<HttpRoute>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: all}
spec: {parentRefs: [{name: edge}]}
)");
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(toString(keyOf(route->parent_refs.front())), "Gateway default/edge");
  ASSERT_EQ(route->rules.size(), 1U);
  ASSERT_EQ(route->rules[0].matches.size(), 1U);
  EXPECT_EQ(route->rules[0].matches[0].path.type, PathMatchType::kPathPrefix);
  EXPECT_EQ(route->rules[0].matches[0].path.value, "/");
}

TEST(DecodeHttpRoute, ReadsMatchesBackendsAndTimeouts) {
  const auto route = loadOne<HttpRoute>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: team}
spec:
  parentRefs: [{name: edge, namespace: infra, sectionName: http, port: 80}]
  hostnames: [a.example.com]
  rules:
    - name: first
      matches:
        - path: {type: RegularExpression, value: "/v[0-9]+"}
          method: GET
          headers: [{name: X-A, value: "1"}]
          queryParams: [{name: q, type: RegularExpression, value: ".*"}]
        - {}
      backendRefs:
        - {name: web, port: 8080}
        - {name: llm, group: agentgateway.dev, kind: AgentgatewayBackend, namespace: other, weight: 0}
      timeouts: {request: 0s, backendRequest: 1m}
      retry: {codes: [503], attempts: 2, backoff: 100ms}
      sessionPersistence: {sessionName: s}
)");
  ASSERT_NE(route, nullptr);
  const HttpRouteRule& rule = route->rules.front();
  EXPECT_EQ(rule.matches[0].path.type, PathMatchType::kRegularExpression);
  EXPECT_EQ(rule.matches[0].method, "GET");
  EXPECT_EQ(rule.matches[0].headers[0].name, "X-A");
  EXPECT_EQ(rule.matches[0].query_params[0].type, ValueMatchType::kRegularExpression);
  EXPECT_EQ(rule.matches[1].path.value, "/");
  EXPECT_EQ(toString(keyOf(rule.backend_refs[0].ref)), "Service team/web");
  EXPECT_EQ(rule.backend_refs[0].ref.port, 8080);
  EXPECT_EQ(rule.backend_refs[0].weight, 1U);
  EXPECT_EQ(toString(keyOf(rule.backend_refs[1].ref)), "AgentgatewayBackend other/llm");
  EXPECT_EQ(rule.backend_refs[1].weight, 0U);
  EXPECT_EQ(rule.backend_refs[1].ref.position.line, 18U);
  EXPECT_EQ(rule.timeouts.request, Millis(0));
  EXPECT_EQ(rule.timeouts.backend_request, Seconds(60));
  EXPECT_EQ(rule.retry->codes.front(), 503);
  EXPECT_EQ(rule.retry->attempts, 2U);
  EXPECT_TRUE(rule.session_persistence);
}

TEST(DecodeHttpRoute, ReadsEveryFilter) {
  const auto route = loadOne<HttpRoute>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: filters}
spec:
  rules:
    - filters:
        - type: RequestHeaderModifier
          requestHeaderModifier: {set: [{name: A, value: b}], add: [{name: C, value: d}], remove: [E]}
        - type: ResponseHeaderModifier
          responseHeaderModifier: {remove: [F]}
        - type: RequestMirror
          requestMirror: {backendRef: {name: shadow, port: 1}, fraction: {numerator: 1, denominator: 1000}}
        - type: RequestMirror
          requestMirror: {backendRef: {name: shadow, port: 1}}
        - type: URLRewrite
          urlRewrite: {hostname: b.example.com, path: {type: ReplacePrefixMatch, replacePrefixMatch: /x}}
        - type: ExtensionRef
          extensionRef: {group: example.com, kind: Thing, name: t}
        - type: CORS
          cors: {allowOrigins: ["*"], allowCredentials: true}
    - filters:
        - type: RequestRedirect
          requestRedirect: {scheme: https, port: 8443, path: {type: ReplaceFullPath, replaceFullPath: /y}}
)");
  ASSERT_NE(route, nullptr);
  const auto& filters = route->rules[0].filters;
  ASSERT_EQ(filters.size(), 7U);
  EXPECT_EQ(std::get<HeaderModifier>(filters[0].settings).add[0].value, "d");
  EXPECT_EQ(filters[1].type, HttpFilterType::kResponseHeaderModifier);
  EXPECT_EQ(std::get<HeaderModifier>(filters[1].settings).remove[0], "F");
  EXPECT_EQ(std::get<RequestMirror>(filters[2].settings).denominator, 1000U);
  EXPECT_EQ(std::get<RequestMirror>(filters[3].settings).numerator, 100U);
  EXPECT_EQ(std::get<UrlRewrite>(filters[4].settings).path->value, "/x");
  EXPECT_EQ(std::get<ExtensionRef>(filters[5].settings).ref.kind, "Thing");
  EXPECT_EQ(std::get<CorsFilter>(filters[6].settings).max_age, Seconds(5));
  const auto& redirect = std::get<RequestRedirect>(route->rules[1].filters[0].settings);
  EXPECT_EQ(redirect.status_code, 302);
  EXPECT_EQ(redirect.path->type, PathModifierType::kReplaceFullPath);
}

}  // namespace
}  // namespace gatehouse::resource
