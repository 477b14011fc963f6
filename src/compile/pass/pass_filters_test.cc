// Filters that no file with a valid HTTPRoute has, as a cluster with older definitions may let them
// through.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "compile/compile.h"
#include "compile/describe.h"
#include "resource/load.h"

namespace gatehouse::compile {
namespace {

constexpr std::string_view kManifests = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: team}
spec:
  gatewayClassName: gatehouse
  listeners: [{name: http, protocol: HTTP, port: 80}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: route, namespace: team}
spec:
  parentRefs: [{name: gw}]
  rules:
    - matches: [{path: {type: PathPrefix, value: /a}}]
      backendRefs: [{group: agentgateway.dev, kind: AgentgatewayBackend, name: echo}]
---
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata: {name: echo, namespace: team}
spec: {static: {host: echo.internal, port: 8080}}
)";

/// What comes of the route when `change` was made to its rule.
template <typename Change>
std::string compiledWith(Change change) {
  const resource::SchemaSet schemas = resource::SchemaSet::builtIn();
  resource::Loader loader(schemas, {});
  loader.add("c.yaml", std::string(kManifests));
  resource::Loaded loaded = loader.finish();
  for (resource::AnyObject& object : loaded.objects) {
    if (const auto* route = std::get_if<resource::Shared<resource::HttpRoute>>(&object)) {
      resource::HttpRoute changed = **route;
      change(changed.rules.front());
      object = std::make_shared<const resource::HttpRoute>(std::move(changed));
    }
  }
  const Compiled compiled = compile({std::move(loaded.objects), 1}, {});
  std::string text = describe(*compiled.snapshot) + describe(compiled.report);
  for (const resource::Finding& finding : compiled.findings) {
    text += resource::toString(finding) + "\n";
  }
  return text;
}

resource::HttpFilter redirect() {
  resource::RequestRedirect redirect;
  redirect.scheme = "https";
  return {.type = resource::HttpFilterType::kRequestRedirect, .settings = redirect, .position = {}};
}

resource::HttpFilter rewrite(resource::PathModifierType type) {
  return {
      .type = resource::HttpFilterType::kUrlRewrite,
      .settings = resource::UrlRewrite{.hostname = {}, .path = {{.type = type, .value = "/b"}}},
      .position = {}
  };
}

void expectRefused(const std::string& text, std::string_view reason, std::string_view why) {
  EXPECT_TRUE(text.contains("invalid no_backend: ")) << text;
  EXPECT_TRUE(text.contains("Accepted=False " + std::string(reason) + ": ")) << text;
  EXPECT_TRUE(text.contains("c.yaml:")) << text;
  EXPECT_TRUE(text.contains(why)) << text;
}

TEST(Filters, RedirectAndRewriteAreIncompatible) {
  const std::string text = compiledWith([](resource::HttpRouteRule& rule) {
    rule.filters = {redirect(), rewrite(resource::PathModifierType::kReplaceFullPath)};
  });
  expectRefused(
      text, "IncompatibleFilters", "RequestRedirect and URLRewrite may not be used together"
  );
}

TEST(Filters, OneTypeTwiceIsIncompatible) {
  const std::string text =
      compiledWith([](resource::HttpRouteRule& rule) { rule.filters = {redirect(), redirect()}; });
  expectRefused(text, "IncompatibleFilters", "RequestRedirect may be used only once");
}

TEST(Filters, ARedirectHasNoBackends) {
  const std::string text =
      compiledWith([](resource::HttpRouteRule& rule) { rule.filters = {redirect()}; });
  expectRefused(text, "UnsupportedValue", "may not be set together with a RequestRedirect filter");
}

TEST(Filters, APrefixIsReplacedOnlyWhereOneIsMatched) {
  const auto with_match = [](resource::PathMatchType type) {
    return compiledWith([type](resource::HttpRouteRule& rule) {
      rule.matches.front().path.type = type;
      rule.filters = {rewrite(resource::PathModifierType::kReplacePrefixMatch)};
    });
  };
  expectRefused(
      with_match(resource::PathMatchType::kExact),
      "UnsupportedValue",
      "ReplacePrefixMatch needs exactly one match, of type PathPrefix"
  );
  EXPECT_TRUE(with_match(resource::PathMatchType::kPathPrefix).contains("prefix /b -> team/echo"));
}

}  // namespace
}  // namespace gatehouse::compile
