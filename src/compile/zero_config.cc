#include "compile/zero_config.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "compile/compile.h"

namespace gatehouse::compile {
namespace {

constexpr std::uint16_t kGatewayPort = 8080;
constexpr std::uint16_t kOtherGatewayPort = 8081;
constexpr std::uint16_t kOllamaPort = 11434;

/// Vendors whose API the openai dialect fits (llm.md 3); those with a provider kind of their own
/// have no host.
struct Preset {
  std::string_view provider;
  std::string_view kind;
  std::string_view host;
  std::string_view path_prefix;
};

constexpr std::array kPresets{
    Preset{"openai", "openai", "", ""},
    Preset{"anthropic", "anthropic", "", ""},
    Preset{"xai", "openai", "api.x.ai", "/v1"},
    Preset{"groq", "openai", "api.groq.com", "/openai/v1"},
    Preset{"mistral", "openai", "api.mistral.ai", "/v1"},
    Preset{"deepseek", "openai", "api.deepseek.com", "/v1"},
    Preset{"openrouter", "openai", "openrouter.ai", "/api/v1"},
    Preset{"together", "openai", "api.together.xyz", "/v1"},
    Preset{"fireworks", "openai", "api.fireworks.ai", "/inference/v1"},
    Preset{"cerebras", "openai", "api.cerebras.ai", "/v1"},
    Preset{"baseten", "openai", "inference.baseten.co", "/v1"},
    Preset{"deepinfra", "openai", "api.deepinfra.com", "/v1/openai"},
    Preset{"huggingface", "openai", "router.huggingface.co", "/v1"},
};

constexpr std::string_view kGateway = R"(# Made for a start without configuration.
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: gateway
  namespace: gatehouse
spec:
  gatewayClassName: gatehouse
  listeners:
    - name: http
      protocol: HTTP
      port: {}
)";

constexpr std::string_view kRoute = R"(---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {0}
  namespace: gatehouse
spec:
  parentRefs:
    - name: gateway
  rules:
    - matches:
        - path:
            type: PathPrefix
            value: /{0}
      backendRefs:
        - group: agentgateway.dev
          kind: AgentgatewayBackend
          name: {1}
)";

constexpr std::string_view kBackend = R"(---
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata:
  name: {}
  namespace: gatehouse
spec:
  ai:
    provider:
      {}: {{}}
)";

constexpr std::string_view kUpstream = R"(      host: {}
      port: {}
      pathPrefix: {}
)";

constexpr std::string_view kAuth = R"(  policies:
    auth:
      secretRef:
        name: {}
)";

constexpr std::string_view kTls = R"(    tls: {}
)";

constexpr std::string_view kSecret = R"(---
apiVersion: v1
kind: Secret
metadata:
  name: {0}
  namespace: gatehouse
  annotations:
    gatehouse.dev/key-from: {1}
stringData:
  Authorization: ${{{1}}}
)";

constexpr std::string_view kSimulated = R"(---
apiVersion: agentgateway.dev/v1alpha1
kind: AgentgatewayBackend
metadata:
  name: echo
  namespace: gatehouse
  annotations:
    {}: "true"
spec:
  static:
    host: localhost
    port: 80
)";

class ZeroConfigWriter {
 public:
  explicit ZeroConfigWriter(std::uint16_t gateway_port) {
    config_.yaml = fmt::format(fmt::runtime(kGateway), gateway_port);
  }

  void addVendor(const Preset& preset, std::string_view variable) {
    const std::string name(preset.provider);
    const std::string secret = name + "-key";
    addRoute(name, name);
    append(kBackend, name, preset.kind);
    if (!preset.host.empty()) {
      append(kUpstream, preset.host, 443, preset.path_prefix);
    }
    append(kAuth, secret);
    if (!preset.host.empty()) {
      config_.yaml += kTls;
    }
    append(kSecret, secret, variable);
    const std::string own = fmt::format("api.{}.com", name);
    const std::string_view host = preset.host.empty() ? std::string_view(own) : preset.host;
    config_.routes.push_back({"/" + name, fmt::format("https://{}", host), std::string(variable)});
  }

  void addLocal(std::uint16_t port) {
    const std::string name = port == kOllamaPort ? "ollama" : fmt::format("local-{}", port);
    addRoute(name, name);
    append(kBackend, name, "openai");
    append(kUpstream, "127.0.0.1", port, "/v1");
    config_.routes.push_back({"/" + name, fmt::format("http://127.0.0.1:{}", port), ""});
  }

  void addSimulated() {
    addRoute("sim", "echo");
    append(kSimulated, kSimulatedAnnotation);
    config_.routes.push_back({"/sim", "built-in simulated model", ""});
  }

  ZeroConfig take() { return std::move(config_); }

 private:
  void addRoute(std::string_view path, std::string_view backend) { append(kRoute, path, backend); }

  template <typename... Values>
  void append(std::string_view pattern, const Values&... values) {
    config_.yaml += fmt::format(fmt::runtime(pattern), values...);
  }

  ZeroConfig config_;
};

}  // namespace

std::vector<std::uint16_t> localServerPorts() {
  return {kOllamaPort, 8000, 1234, 8080};
}

ZeroConfig makeZeroConfig(
    const secret::LookUpVariable& look_up, const std::vector<LocalServer>& servers
) {
  const bool taken = std::ranges::find(servers, kGatewayPort, &LocalServer::port) != servers.end();
  ZeroConfigWriter writer(taken ? kOtherGatewayPort : kGatewayPort);
  const auto present = secret::presentKeys(look_up);
  for (const Preset& preset : kPresets) {
    const auto key = std::ranges::find(present, preset.provider, &secret::KeyVariable::provider);
    if (key != present.end()) {
      writer.addVendor(preset, key->variable);
    }
  }
  for (const LocalServer& server : servers) {
    writer.addLocal(server.port);
  }
  writer.addSimulated();
  return writer.take();
}

resource::Loaded loadZeroConfig(
    const ZeroConfig& config,
    const resource::SchemaSet& schemas,
    const secret::LookUpVariable& look_up
) {
  resource::LoadOptions options;
  options.variable = look_up;
  resource::Loader loader(schemas, std::move(options));
  loader.add("(no configuration)", config.yaml);
  return loader.finish();
}

}  // namespace gatehouse::compile
