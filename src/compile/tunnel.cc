#include "compile/tunnel.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "compile/claims.h"
#include "compile/services.h"
#include "compile/targets.h"
#include "compile/tls_policy.h"
#include "resource/decode_ref.h"
#include "resource/grant.h"
#include "resource/nearest.h"
#include "resource/schema/format.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;
using snapshot::InvalidBackend;
using Made = std::expected<std::shared_ptr<const upstream::Tunnel>, InvalidBackend>;

/// It is asked for tunnels in HTTP/1.1, so that it is offered nothing else.
upstream::EndpointHandle asProxy(upstream::Endpoint endpoint) {
  endpoint.version = upstream::HttpVersion::kHttp1;
  endpoint.tls = withVersion(std::move(endpoint.tls), endpoint.version);
  return finishEndpoint(std::move(endpoint));
}

/// Where a tunnel is written, as findings and errors have it.
struct Written {
  const resource::ObjectMeta& meta;
  std::string field = "spec.policies.tunnel";
  std::string name = "policies.tunnel";
};

Written writtenIn(const resource::AgentgatewayPolicy& policy) {
  return {
      .meta = policy.meta,
      .field = std::string(kTunnelField),
      .name = fmt::format("{} of {}", kTunnelField, resource::toString(policy.meta.key)),
  };
}

std::string nameOf(const BackendTarget& target) {
  return target.section.empty()
             ? resource::toString(target.object)
             : fmt::format("\"{}\" of {}", target.section, resource::toString(target.object));
}

/// The tunnel of one backend or policy, and the proxies it names.
class TunnelPolicy {
 public:
  TunnelPolicy(Draft& draft, Written written)
      : draft_(draft), meta_(written.meta), written_(std::move(written)) {}

  Made make(const resource::Section& section) {
    const wire::Value* url = section.value.find("url");
    if (url != nullptr && url->string() != nullptr) {
      return toUrl(*url->string());
    }
    const wire::Value* ref = section.value.find("backendRef");
    if (ref == nullptr) {
      return wrong("", "neither backendRef nor url");
    }
    const auto target = resource::decodeBackendObjectRef(*ref, meta_.key.ns);
    const bool service = isKind(target, resource::kCoreGroup, resource::Service::kKind);
    const bool backend =
        isKind(target, resource::kAgentgatewayGroup, resource::AgentgatewayBackend::kKind);
    if (!service && !backend) {
      return noProxyKind(target);
    }
    if (!resource::isGranted(draft_.resources, asReferrer(), keyOf(target))) {
      return notGranted(target);
    }
    return service ? toService(target) : toBackend(target);
  }

  std::unexpected<InvalidBackend> wrong(const std::string& part, std::string sentence) {
    draft_.find(Severity::kError, meta_, written_.field + part, sentence);
    return std::unexpected(InvalidBackend{
        ErrorKind::kNoBackend, fmt::format("{}: {}", written_.name, std::move(sentence))
    });
  }

 private:
  resource::Referrer asReferrer() const {
    return {.group = meta_.key.group, .kind = meta_.key.kind, .ns = meta_.key.ns};
  }

  static bool isKind(
      const resource::BackendObjectRef& ref, std::string_view group, std::string_view kind
  ) {
    return ref.group == group && ref.kind == kind;
  }

  /// A kind that can be one under another group blames the group, any other the kind.
  Made noProxyKind(const resource::BackendObjectRef& ref) {
    constexpr std::array<std::string_view, 2> kKinds{
        resource::AgentgatewayBackend::kKind, resource::Service::kKind
    };
    if (std::ranges::find(kKinds, ref.kind) == kKinds.end()) {
      const std::string hint = resource::didYouMean(ref.kind, kKinds);
      return wrong(".backendRef.kind", fmt::format("{} cannot be a proxy{}", ref.kind, hint));
    }
    const bool core = ref.kind == resource::Service::kKind;
    return wrong(
        ".backendRef.group",
        fmt::format(
            "{} of group \"{}\" cannot be a proxy; its group is \"{}\"",
            ref.kind,
            ref.group,
            core ? resource::kCoreGroup : resource::kAgentgatewayGroup
        )
    );
  }

  /// Says the same whether the target is there or not.
  Made notGranted(const resource::BackendObjectRef& ref) {
    return wrong(
        ".backendRef.namespace",
        fmt::format(
            "{} is in another namespace and no ReferenceGrant there permits it; expected one in "
            "namespace {} from {} in namespace {} to {}",
            resource::toString(keyOf(ref)),
            ref.ns,
            asReferrer().kind,
            meta_.key.ns,
            ref.kind
        )
    );
  }

  Made toUrl(const std::string& text) {
    const auto url = resource::parseHttpUrl(text);
    if (!url) {
      return wrong(".url", "expected http://HOST:PORT or https://HOST:PORT");
    }
    const std::uint16_t port = url->port.value_or(url->tls ? 443 : 80);
    return through(
        meta_,
        {.host = fold(url->host),
         .port = port,
         .tls = url->tls ? ImplicitTls::kYes : ImplicitTls::kNo},
        {}
    );
  }

  Made toService(const resource::BackendObjectRef& ref) {
    const auto* service = draft_.resources.find<resource::Service>(ref.ns, ref.name);
    if (service == nullptr) {
      return wrong(
          ".backendRef.name",
          fmt::format(
              "Service {}/{} not found{}",
              ref.ns,
              ref.name,
              resource::didYouMean(ref.name, namesIn<resource::Service>(draft_.resources, ref.ns))
          )
      );
    }
    if (tunnelPolicyOf(draft_, *service, ref.port.value_or(0)) != nullptr) {
      return wrong(
          ".backendRef",
          fmt::format("Service {}/{} is no proxy: a policy has a tunnel for it", ref.ns, ref.name)
      );
    }
    ServiceBackends services(draft_);
    const auto& made = services.of(*service, ref.port.value_or(0));
    if (!made) {
      return wrong(".backendRef", made.error().message);
    }
    const auto* http = std::get_if<snapshot::HttpBackend>(&(*made)->target);
    if (http == nullptr || http->endpoints.empty()) {
      return wrong(
          ".backendRef", fmt::format("Service {}/{} has no ready address", ref.ns, ref.name)
      );
    }
    upstream::Tunnel tunnel;
    for (const upstream::EndpointHandle& endpoint : http->endpoints) {
      tunnel.proxies.push_back(asProxy(*endpoint));
    }
    return std::make_shared<const upstream::Tunnel>(std::move(tunnel));
  }

  Made toBackend(const resource::BackendObjectRef& ref) {
    using resource::AgentgatewayBackend;
    const auto* backend = draft_.resources.find<AgentgatewayBackend>(ref.ns, ref.name);
    if (backend == nullptr) {
      const auto names = namesIn<AgentgatewayBackend>(draft_.resources, ref.ns);
      return wrong(
          ".backendRef.name",
          fmt::format(
              "AgentgatewayBackend {}/{} not found{}",
              ref.ns,
              ref.name,
              resource::didYouMean(ref.name, names)
          )
      );
    }
    const auto* target = std::get_if<resource::StaticBackend>(&backend->target);
    auto policies = effectivePolicies(backend->policies, nullptr);
    if (!policies.hasTls()) {
      policies.attached_tls = findTlsPolicy(draft_, backend->meta.key, "");
    }
    const bool tunnelled =
        policies.tunnel != nullptr || findTunnelPolicy(draft_, backend->meta.key, "") != nullptr;
    if (target == nullptr || tunnelled) {
      return wrong(
          ".backendRef",
          fmt::format(
              "AgentgatewayBackend {}/{} is no proxy: expected static, without a tunnel of its own",
              ref.ns,
              ref.name
          )
      );
    }
    auto authorization = authorizationOf(*backend);
    if (!authorization) {
      return std::unexpected(std::move(authorization.error()));
    }
    auto made = through(
        backend->meta,
        {.host = fold(target->host), .port = target->port, .unix_path = target->unix_path},
        policies
    );
    if (!made || *authorization == nullptr) {
      return made;
    }
    return std::make_shared<const upstream::Tunnel>(
        upstream::Tunnel{.proxies = (*made)->proxies, .authorization = *std::move(authorization)}
    );
  }

  /// Findings are about `meta`.
  Made through(
      const resource::ObjectMeta& meta,
      const UpstreamAddress& address,
      const EffectivePolicies& policies
  ) {
    std::vector<std::string> problems;
    auto proxy = drawEndpoint(draft_, meta, address, policies, problems);
    if (!proxy) {
      return std::unexpected(std::move(proxy.error()));
    }
    return std::make_shared<const upstream::Tunnel>(
        upstream::Tunnel{.proxies = {asProxy(*std::move(proxy))}, .authorization = nullptr}
    );
  }

  /// What the proxy is shown: the credential of its backend, which is for a field.
  std::expected<std::shared_ptr<const crypto::SecretText>, InvalidBackend> authorizationOf(
      const resource::AgentgatewayBackend& backend
  ) {
    const auto found = draft_.auths.find(&backend);
    if (found == draft_.auths.end()) {
      return nullptr;
    }
    const upstream::BackendAuth& auth = found->second;
    if (!auth.missing.empty()) {
      return std::unexpected(InvalidBackend{ErrorKind::kCredentialMissing, auth.missing});
    }
    if (auth.credentials.empty()) {
      return nullptr;
    }
    const upstream::PlacedCredential& first = auth.credentials.front();
    if (auth.credentials.size() > 1 || first.placement != upstream::Placement::kHeader) {
      return wrong(".backendRef", "a proxy takes one credential, in a header");
    }
    return std::make_shared<const crypto::SecretText>(
        crypto::SecretText::take(first.prefix + std::string(first.value->reveal()))
    );
  }

  Draft& draft_;
  const resource::ObjectMeta& meta_;
  Written written_;
};

}  // namespace

std::expected<std::shared_ptr<const upstream::Tunnel>, InvalidBackend> makeTunnel(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const UpstreamAddress& address,
    const EffectivePolicies& policies
) {
  const bool path = !address.unix_path.empty();
  const auto* attached = policies.tunnel_policy;
  if (attached != nullptr || policies.tunnel != nullptr) {
    TunnelPolicy policy(draft, attached != nullptr ? writtenIn(*attached) : Written{.meta = meta});
    if (path) {
      return policy.wrong("", "a Unix socket is not reached through a proxy");
    }
    return attached != nullptr ? tunnelOf(draft, *attached) : policy.make(*policies.tunnel);
  }
  const bool tls = policies.hasTls() || address.tls == ImplicitTls::kYes;
  return path ? nullptr : draft.options.proxies.tunnelFor(address.host, address.port, tls);
}

const std::expected<std::shared_ptr<const upstream::Tunnel>, InvalidBackend>& tunnelOf(
    const Draft& draft, const resource::AgentgatewayPolicy& policy
) {
  return draft.tunnels.at(&policy);
}

const resource::Section* tunnelIn(const resource::AgentgatewayPolicy& policy) {
  if (!policy.backend) {
    return nullptr;
  }
  const auto& sections = policy.backend->other;
  const auto found = std::ranges::find(sections, "tunnel", &resource::Section::name);
  return found == sections.end() ? nullptr : &*found;
}

void resolveTunnelPolicies(Draft& draft) {
  std::vector<const resource::AgentgatewayPolicy*> oldest_first;
  for (const auto& policy : draft.resources.all<resource::AgentgatewayPolicy>()) {
    if (tunnelIn(*policy) != nullptr) {
      oldest_first.push_back(policy.get());
    }
  }
  std::ranges::sort(oldest_first, [](const auto* a, const auto* b) {
    return resource::isOlder(a->meta, b->meta);
  });
  for (const resource::AgentgatewayPolicy* policy : oldest_first) {
    for (const BackendTarget& target : backendTargets(draft, *policy)) {
      const auto [held, fresh] =
          draft.tunnel_policies.try_emplace({target.object, target.section}, policy);
      if (!fresh && held->second != policy) {
        tellLost(draft, *policy, *held->second, std::string(kTunnelField), nameOf(target));
      }
    }
  }
  for (const resource::AgentgatewayPolicy* policy : oldest_first) {
    auto made = TunnelPolicy(draft, writtenIn(*policy)).make(*tunnelIn(*policy));
    if (!made) {
      draft.inactive[policy->meta.key].push_back(made.error().reason);
    }
    draft.tunnels.emplace(policy, std::move(made));
  }
}

const resource::AgentgatewayPolicy* findTunnelPolicy(
    const Draft& draft, const resource::ObjectKey& target, std::string_view section
) {
  const auto found = draft.tunnel_policies.find({target, std::string(section)});
  return found == draft.tunnel_policies.end() ? nullptr : found->second;
}

const resource::AgentgatewayPolicy* tunnelPolicyOf(
    const Draft& draft, const resource::Service& service, std::uint16_t port
) {
  const auto* of_port = findTunnelPolicy(draft, service.meta.key, fmt::format("{}", port));
  return of_port != nullptr ? of_port : findTunnelPolicy(draft, service.meta.key, "");
}

}  // namespace gatehouse::compile
