#include "compile/services.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "compile/addresses.h"
#include "compile/endpoint.h"
#include "compile/tls_policy.h"
#include "compile/tunnel.h"

namespace gatehouse::compile {
namespace {

using upstream::HttpVersion;

/// Of a reference, whose fault is at its field `.name` or `.port`.
std::unexpected<Problem> problem(std::string_view reason, std::string message, std::string field) {
  return std::unexpected(Problem{
      .reason = std::string(reason), .message = std::move(message), .field = std::move(field)
  });
}

/// What the name of an appProtocol asks for (KEP-3726, GEP-1911).
struct AppProtocol {
  std::string_view name;
  HttpVersion version = HttpVersion::kAny;
  bool tls = false;  // only with a BackendTLSPolicy that says whom to trust
};

constexpr std::array kAppProtocols{
    AppProtocol{.name = ""},
    AppProtocol{.name = "http"},
    AppProtocol{.name = "https", .tls = true},
    AppProtocol{.name = "kubernetes.io/h2c", .version = HttpVersion::kHttp2},
    AppProtocol{.name = "kubernetes.io/ws", .version = HttpVersion::kHttp1},
    AppProtocol{.name = "kubernetes.io/wss", .version = HttpVersion::kHttp1, .tls = true},
};

/// The port of that number, or null; of two that share it, the one of TCP.
const resource::ServicePort* findPort(const resource::Service& service, std::uint16_t number) {
  const resource::ServicePort* found = nullptr;
  for (const resource::ServicePort& port : service.ports) {
    if (port.port == number && (found == nullptr || port.protocol == "TCP")) {
      found = &port;
    }
  }
  return found;
}

/// Of a port that has TLS, or has none.
std::expected<HttpVersion, Problem> versionOf(
    const std::string& service, const resource::ServicePort& port, bool tls
) {
  if (port.protocol != "TCP") {
    return problem(
        resource::reason::kUnsupportedProtocol,
        fmt::format(
            "port {} of Service {} is one of {}; expected TCP", port.port, service, port.protocol
        ),
        ".port"
    );
  }
  const auto found = std::ranges::find(kAppProtocols, fold(port.app_protocol), &AppProtocol::name);
  const bool known = found != kAppProtocols.end();
  if (known && (tls || !found->tls)) {
    return found->version;
  }
  std::string message = fmt::format(
      "appProtocol \"{}\" of port {} of Service {} is not supported",
      port.app_protocol,
      port.port,
      service
  );
  if (known) {
    message += " without a BackendTLSPolicy, which says whom to trust";
  }
  return problem(resource::reason::kUnsupportedProtocol, std::move(message), ".port");
}

using Addresses = std::expected<std::vector<ServiceAddress>, Problem>;

/// The name that a Service of type ExternalName gives.
Addresses externalAddress(const resource::Service& service, std::uint16_t port) {
  const std::string host = fold(service.external_name);
  if (host.empty() || isIpAddress(host)) {
    return problem(
        resource::reason::kBackendNotFound,
        fmt::format(
            "spec.externalName of Service {} is no DNS name",
            resource::qualifiedName(service.meta.key)
        ),
        ".name"
    );
  }
  return std::vector<ServiceAddress>{{host, port}};
}

/// TLS of a port, by the BackendTLSPolicy for it, else by that for its Service; null without one.
std::shared_ptr<const upstream::TlsSettings> tlsOf(
    const Draft& draft, const resource::Service& service, const resource::ServicePort* port
) {
  const std::string_view name = port == nullptr ? "" : std::string_view(port->name);
  auto of_port = name.empty() ? nullptr : findTlsPolicy(draft, service.meta.key, name);
  return of_port != nullptr ? of_port : findTlsPolicy(draft, service.meta.key, "");
}

upstream::EndpointHandle endpointAt(upstream::Endpoint endpoint, ServiceAddress address) {
  endpoint.host = std::move(address.host);
  endpoint.port = address.port;
  return finishEndpoint(std::move(endpoint));
}

}  // namespace

const ServiceBackends::Made& ServiceBackends::of(
    const resource::Service& service, std::uint16_t port
) {
  const auto [made, fresh] = made_.try_emplace({&service, port}, nullptr);
  if (fresh) {
    made->second = make(service, port);
  }
  return made->second;
}

ServiceBackends::Made ServiceBackends::make(const resource::Service& service, std::uint16_t port) {
  const std::string name = resource::qualifiedName(service.meta.key);
  const resource::ServicePort* entry = findPort(service, port);
  const bool external = service.type == resource::ServiceType::kExternalName;
  if (entry == nullptr && !(external && service.ports.empty())) {
    return problem(
        resource::reason::kBackendNotFound,
        fmt::format("Service {} has no port {}", name, port),
        ".port"
    );
  }
  upstream::Endpoint base;  // the Host stays the client's
  base.backend = name;
  base.tls = tlsOf(draft_, service, entry);
  if (entry != nullptr) {
    const auto version = versionOf(name, *entry, base.tls != nullptr);
    if (!version) {
      return std::unexpected(version.error());
    }
    base.version = *version;
    base.tls = withVersion(base.tls, base.version);
  }
  const auto* tunnel_policy = tunnelPolicyOf(draft_, service, port);
  if (tunnel_policy != nullptr) {
    base.tunnel = tunnelOf(draft_, *tunnel_policy).value_or(nullptr);
  }
  if (external) {
    base.authority = authorityOf(fold(service.external_name), port, base.tls != nullptr);
  }
  auto addresses = external ? externalAddress(service, port) : addressesOf(service, *entry);
  if (!addresses) {
    return std::unexpected(std::move(addresses.error()));
  }
  snapshot::HttpBackend http;
  for (ServiceAddress& address : *addresses) {
    http.endpoints.push_back(endpointAt(base, std::move(address)));
    if (tunnel_policy != nullptr) {
      draft_.tunnel_ranks.emplace(http.endpoints.back(), TunnelRank::kTarget);
      if (const auto& tunnel = tunnelOf(draft_, *tunnel_policy); !tunnel) {
        draft_.tunnel_faults.emplace(http.endpoints.back(), tunnel.error());
      }
    }
  }
  auto backend = std::make_shared<snapshot::Backend>();
  backend->name = telemetry::Name(name);
  backend->target = std::move(http);
  return backend;
}

std::expected<std::vector<ServiceAddress>, Problem> ServiceBackends::addressesOf(
    const resource::Service& service, const resource::ServicePort& port
) {
  if (auto of_slices = slices_.addressesOf(service, port)) {
    return *std::move(of_slices);
  }
  if (!draft_.options.standalone) {
    return {};
  }
  const resource::ObjectKey& key = service.meta.key;
  return std::vector<ServiceAddress>{{fmt::format("{}.{}.svc", key.name, key.ns), port.port}};
}

}  // namespace gatehouse::compile
