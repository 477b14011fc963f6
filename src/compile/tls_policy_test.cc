#include "compile/tls_policy.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "compile/compile.h"
#include "compile/describe.h"
#include "resource/load.h"

namespace gatehouse::compile {
namespace {

constexpr const char* kManifests = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: team}
spec: {gatewayClassName: gatehouse, listeners: [{name: http, protocol: HTTP, port: 8001}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: team}
spec: {parentRefs: [{name: gw}], rules: [{backendRefs: [{name: web, port: 443}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: team}
spec: {ports: [{name: web, port: 443}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: refused, namespace: team}
spec: {targetRefs: [{group: '', kind: Service, name: web, sectionName: renamed}], validation: {}}
)";

TEST(TlsPolicy, OneWithErrorsForASectionThatIsNotThereClosesTheRest) {
  const auto schemas = resource::SchemaSet::builtIn();
  resource::Loader loader(schemas, {.default_namespace = "team"});
  loader.add("a.yaml", kManifests);
  resource::Loaded loaded = loader.finish();
  ASSERT_EQ(loaded.refused_tls.size(), 1u);
  const resource::ResourceSet set(
      std::move(loaded.objects), 1, loaded.refused, std::move(loaded.refused_tls)
  );
  const std::string text = describe(*compile(set, {}).snapshot);
  EXPECT_TRUE(text.contains("web.team.svc port 443")) << text;
  EXPECT_TRUE(text.contains("trusting nothing")) << text;
}

}  // namespace
}  // namespace gatehouse::compile
