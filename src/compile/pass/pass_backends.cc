// AgentgatewayBackend -> snapshot::Backend (resources.md 4, 7). What cannot be served becomes an
// InvalidBackend that says why.
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "compile/endpoint.h"
#include "compile/passes.h"
#include "compile/tls_policy.h"
#include "compile/tunnel.h"
#include "resource/nearest.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;
using snapshot::InvalidBackend;

using Target = decltype(snapshot::Backend::target);

class BackendBuilder {
 public:
  BackendBuilder(Draft& draft, const resource::AgentgatewayBackend& backend)
      : draft_(draft), backend_(backend) {}

  BackendDraft build() {
    auto built = std::make_shared<snapshot::Backend>();
    built->name = telemetry::Name(resource::qualifiedName(backend_.meta.key));
    built->target = std::visit([&](const auto& target) { return make(target); }, backend_.target);
    if (auto* invalid = std::get_if<InvalidBackend>(&built->target)) {
      invalid->plain = !std::holds_alternative<resource::AiBackend>(backend_.target);
      result_.problems.push_back(invalid->reason);
    }
    result_.handle = std::move(built);
    return std::move(result_);
  }

 private:
  Target make(const resource::AiBackend& ai) {
    snapshot::AiBackend made;
    std::optional<InvalidBackend> last;
    for (std::size_t g = 0; g < ai.groups.size(); ++g) {
      for (std::size_t p = 0; p < ai.groups[g].providers.size(); ++p) {
        const std::string field = ai.groups[g].providers[p].name.empty()
                                      ? "spec.ai.provider"
                                      : fmt::format("spec.ai.groups[{}].providers[{}]", g, p);
        auto provider = makeProvider(ai.groups[g].providers[p], field);
        if (provider) {
          made.providers.push_back(*std::move(provider));
        } else {
          last = std::move(provider.error());
        }
      }
    }
    if (made.providers.empty()) {
      return last.value_or(InvalidBackend{ErrorKind::kNoBackend, "no provider is configured"});
    }
    if (made.providers.size() > 1) {
      std::string sentence = fmt::format(
          "choosing among providers is not active yet: every request goes to provider {}, the "
          "first "
          "that can be used",
          made.providers.front().name.view()
      );
      draft_.find(Severity::kWarning, backend_.meta, "spec.ai.groups", sentence);
      draft_.inactive[backend_.meta.key].push_back("spec.ai.groups: " + sentence);
    }
    return made;
  }

  Target make(const resource::StaticBackend& target) {
    const std::string* simulated =
        resource::findString(backend_.meta.annotations, kSimulatedAnnotation);
    if (simulated != nullptr && *simulated == "true") {
      return snapshot::SimulatedBackend{};
    }
    const auto policies = policiesOf(nullptr);
    if (auto fault = faultOf(target, policies)) {
      return *std::move(fault);
    }
    warnPlaintext("spec.static.port", target.port, policies);
    auto endpoint = makeEndpoint(
        draft_,
        backend_.meta,
        {.host = fold(target.host), .port = target.port, .unix_path = target.unix_path},
        policies,
        result_.problems
    );
    if (!endpoint) {
      return std::move(endpoint.error());
    }
    return snapshot::HttpBackend{
        .endpoints = {*std::move(endpoint)},
        .auth = takeAuth(&backend_),
        .response_timeout = responseTimeout(policies),
    };
  }

  /// What is wrong with a path, if it has one.
  std::optional<InvalidBackend> faultOf(
      const resource::StaticBackend& target, const EffectivePolicies& policies
  ) {
    if (target.unix_path.empty()) {
      return std::nullopt;
    }
    if (!isUnixPath(target.unix_path)) {
      return wrong(
          "spec.static.unixPath",
          fmt::format("\"{}\" is not {}", printable(target.unix_path), kUnixPathRule)
      );
    }
    const resource::BackendTls* tls = policies.tls;
    const bool named = policies.attached_tls != nullptr || tls == nullptr || tls->sni ||
                       tls->verify != resource::BackendTls::Verify::kFull ||
                       !tls->verify_subject_alt_names.empty();
    return named ? std::nullopt
                 : std::optional(wrong(
                       "spec.policies.tls",
                       "a Unix socket has no name that its certificate could be valid for; add sni"
                   ));
  }

  Target make(const resource::DynamicForwardProxy&) {
    return notSupported("spec.dynamicForwardProxy", "dynamicForwardProxy is not supported yet");
  }

  Target make(const resource::OtherBackend& other) {
    const std::string& name = other.section.name;
    return notSupported("spec." + name, fmt::format("{} backends are not supported yet", name));
  }

  std::expected<snapshot::AiProvider, InvalidBackend> makeProvider(
      const resource::AiProvider& provider, const std::string& field
  ) {
    const auto kind = servedKind(provider.kind);
    if (!kind) {
      const std::string_view name = resource::toString(provider.kind);
      return std::unexpected(notSupported(
          fmt::format("{}.{}", field, name), fmt::format("provider {} is not supported yet", name)
      ));
    }
    const auto policies = policiesOf(&provider);
    const llm::ProviderProfile& profile = llm::profileOf(*kind);
    UpstreamAddress address{
        .host = std::string(profile.default_host),
        .port = profile.default_port,
        .tls = ImplicitTls::kYes,
    };
    if (provider.host) {
      address = {.host = fold(*provider.host), .port = provider.port.value_or(443)};
      warnPlaintext(field + ".port", address.port, policies);
    }
    auto endpoint = makeEndpoint(draft_, backend_.meta, address, policies, result_.problems);
    if (!endpoint) {
      return std::unexpected(std::move(endpoint.error()));
    }
    return snapshot::AiProvider{
        .name = telemetry::Name(
            provider.name.empty() ? std::string(resource::toString(provider.kind)) : provider.name
        ),
        .llm = settingsOf(provider, *kind, field),
        .endpoint = *std::move(endpoint),
        .auth = takeAuth(&provider),
        .response_timeout = responseTimeout(policies),
    };
  }

  /// Of TLS counts what a provider says, then the BackendTLSPolicy for it, then what the backend
  /// says, then the BackendTLSPolicy for the backend (resources.md 3.7, 8.1). The same of tunnels,
  /// with AgentgatewayPolicies.
  EffectivePolicies policiesOf(const resource::AiProvider* provider) const {
    const resource::ObjectKey& key = backend_.meta.key;
    auto policies =
        effectivePolicies(backend_.policies, provider == nullptr ? nullptr : &provider->policies);
    if (provider != nullptr && !provider->name.empty() && !provider->policies.tls) {
      policies.attached_tls = findTlsPolicy(draft_, key, provider->name);
    }
    if (!policies.hasTls()) {
      policies.attached_tls = findTlsPolicy(draft_, key, "");
    }
    addTunnelPolicy(policies, provider);
    return policies;
  }

  void addTunnelPolicy(EffectivePolicies& policies, const resource::AiProvider* provider) const {
    const resource::ObjectKey& key = backend_.meta.key;
    if (provider != nullptr && !provider->name.empty() &&
        findSection(provider->policies, "tunnel") == nullptr) {
      policies.tunnel_policy = findTunnelPolicy(draft_, key, provider->name);
    }
    if (policies.tunnel_policy != nullptr) {
      policies.tunnel_rank = TunnelRank::kOwn;
    } else if (policies.tunnel == nullptr) {
      policies.tunnel_policy = findTunnelPolicy(draft_, key, "");
      policies.tunnel_rank =
          policies.tunnel_policy != nullptr ? TunnelRank::kTarget : TunnelRank::kNone;
    }
  }

  llm::ProviderSettings settingsOf(
      const resource::AiProvider& provider, llm::ProviderKind kind, const std::string& field
  ) {
    llm::ProviderSettings settings;
    settings.kind = kind;
    if (provider.model) {
      settings.model = llm::ModelName{*provider.model};
    }
    settings.host = fold(provider.host.value_or(""));
    settings.path = provider.path.value_or("");
    settings.path_prefix = provider.path_prefix;
    const resource::Section* ai = findSection(provider.policies, "ai");
    const bool own = ai != nullptr;
    ai = own ? ai : findSection(backend_.policies, "ai");
    if (ai != nullptr) {
      settings.routes = routesOf(*ai, own ? field + ".policies.ai" : "spec.policies.ai");
    }
    return settings;
  }

  llm::DialectRoutes routesOf(const resource::Section& ai, const std::string& field) {
    std::vector<llm::DialectRoute> routes;
    const wire::Value* map = ai.value.find("routes");
    if (map == nullptr || map->object() == nullptr) {
      return {};
    }
    for (const wire::Member& member : *map->object()) {
      const std::string* type = member.value.string();
      const auto dialect = type == nullptr ? std::nullopt : llm::dialectFromRouteType(*type);
      if (dialect) {
        routes.push_back({member.key, *dialect});
      } else {
        draft_.find(Severity::kError, backend_.meta, field + ".routes", "unknown type of route");
      }
    }
    return llm::DialectRoutes(std::move(routes));
  }

  static const resource::Section* findSection(
      const resource::BackendPolicies& policies, std::string_view name
  ) {
    for (const resource::Section& section : policies.other) {
      if (section.name == name) {
        return &section;
      }
    }
    return nullptr;
  }

  InvalidBackend notSupported(std::string field, std::string sentence) {
    draft_.find(Severity::kWarning, backend_.meta, std::move(field), sentence);
    return InvalidBackend{ErrorKind::kNotSupported, std::move(sentence)};
  }

  InvalidBackend wrong(std::string field, std::string sentence) {
    draft_.find(Severity::kError, backend_.meta, std::move(field), sentence);
    return InvalidBackend{ErrorKind::kNoBackend, std::move(sentence)};
  }

  void warnPlaintext(
      const std::string& field, std::uint16_t port, const EffectivePolicies& policies
  ) {
    if (port == 443 && !policies.hasTls()) {
      draft_.find(
          Severity::kWarning,
          backend_.meta,
          field,
          "port 443 without TLS: requests and keys are sent in plain text; add policies.tls or a "
          "BackendTLSPolicy"
      );
    }
  }

  upstream::BackendAuth takeAuth(const void* owner) {
    const auto found = draft_.auths.find(owner);
    if (found == draft_.auths.end()) {
      return {};
    }
    if (!found->second.missing.empty()) {
      result_.problems.push_back(found->second.missing);
    }
    return found->second;  // of a proxy others ask as well
  }

  Draft& draft_;
  const resource::AgentgatewayBackend& backend_;
  BackendDraft result_;
};

}  // namespace

void passBackends(Draft& draft) {
  for (const auto& backend : draft.resources.all<resource::AgentgatewayBackend>()) {
    draft.backends.emplace(backend.get(), BackendBuilder(draft, *backend).build());
  }
}

}  // namespace gatehouse::compile
