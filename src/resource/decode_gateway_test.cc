#include "resource/decode_gateway.h"

#include <gtest/gtest.h>

#include "resource/test_load.h"

namespace gatehouse::resource {
namespace {

TEST(DecodeGateway, AppliesDefaults) {
  const auto gateway = loadOne<Gateway>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec:
  gatewayClassName: gatehouse
  listeners:
    - name: http
      port: 80
      protocol: HTTP
    - name: https
      port: 443
      protocol: HTTPS
      hostname: "*.example.com"
      tls: {certificateRefs: [{name: cert}]}
      allowedRoutes:
        namespaces: {from: Selector, selector: {matchLabels: {team: a}}}
        kinds: [{kind: HTTPRoute}]
  addresses: [{value: 127.0.0.1}]
)");
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(toString(gateway->meta.key), "Gateway default/edge");
  EXPECT_EQ(gateway->meta.version, "v1");
  EXPECT_EQ(gateway->allowed_listeners.from, NamespacesFrom::kNone);
  EXPECT_EQ(gateway->addresses.front().type, "IPAddress");
  ASSERT_EQ(gateway->listeners.size(), 2U);
  const Listener& http = gateway->listeners[0];
  EXPECT_EQ(http.position, (Position{.line = 8, .column = 7}));
  EXPECT_EQ(http.allowed_routes.namespaces.from, NamespacesFrom::kSame);
  EXPECT_FALSE(http.tls.has_value());
  const Listener& https = gateway->listeners[1];
  ASSERT_TRUE(https.tls.has_value());
  EXPECT_EQ(https.tls->mode, ListenerTlsMode::kTerminate);
  EXPECT_EQ(toString(keyOf(https.tls->certificate_refs.front())), "Secret default/cert");
  EXPECT_EQ(https.allowed_routes.namespaces.from, NamespacesFrom::kSelector);
  EXPECT_TRUE(https.allowed_routes.namespaces.selector.matches({{"team", "a"}}));
  EXPECT_EQ(https.allowed_routes.kinds.front().group, kGatewayGroup);
}

TEST(DecodeGateway, ReadsTlsOfBothSidesAndInfrastructure) {
  const auto gateway = loadOne<Gateway>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: infra}
spec:
  gatewayClassName: gatehouse
  listeners: [{name: http, port: 80, protocol: HTTP}]
  infrastructure:
    labels: {a: b}
    parametersRef: {group: agentgateway.dev, kind: AgentgatewayParameters, name: p}
  allowedListeners: {namespaces: {from: All}}
  tls:
    backend: {clientCertificateRef: {name: client}}
    frontend:
      default: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]}}
      perPort:
        - port: 8443
          tls: {validation: {mode: AllowInsecureFallback, caCertificateRefs: [{group: "", kind: ConfigMap, name: b}]}}
)");
  ASSERT_NE(gateway, nullptr);
  EXPECT_EQ(gateway->infrastructure.parameters_ref->kind, "AgentgatewayParameters");
  EXPECT_EQ(gateway->allowed_listeners.from, NamespacesFrom::kAll);
  EXPECT_EQ(toString(keyOf(*gateway->backend_client_certificate)), "Secret infra/client");
  ASSERT_TRUE(gateway->frontend_tls.has_value());
  EXPECT_FALSE(gateway->frontend_tls->by_default->allow_insecure_fallback);
  EXPECT_EQ(gateway->frontend_tls->per_port.front().port, 8443);
  EXPECT_TRUE(gateway->frontend_tls->per_port.front().validation->allow_insecure_fallback);
}

TEST(DecodeGatewayClass, IsClusterScoped) {
  const auto gateway_class = loadOne<GatewayClass>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: mine}
spec: {controllerName: gatehouse.dev/gatehouse}
)");
  ASSERT_NE(gateway_class, nullptr);
  EXPECT_EQ(toString(gateway_class->meta.key), "GatewayClass mine");
  EXPECT_EQ(gateway_class->controller_name, "gatehouse.dev/gatehouse");
}

TEST(DecodeListenerSet, RefersToAGateway) {
  const auto set = loadOne<ListenerSet>(R"(
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: extra, namespace: team}
spec:
  parentRef: {name: edge, namespace: infra}
  listeners: [{name: http, port: 8080, protocol: HTTP}]
)");
  ASSERT_NE(set, nullptr);
  EXPECT_EQ(toString(keyOf(set->parent_ref)), "Gateway infra/edge");
  EXPECT_EQ(set->listeners.front().port, 8080);
}

}  // namespace
}  // namespace gatehouse::resource
