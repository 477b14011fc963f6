#include "compile/services.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "compile/endpoint.h"

namespace gatehouse::compile {
namespace {

/// appProtocols that are plain HTTP/1.1 to us.
constexpr std::array<std::string_view, 4> kHttpProtocols{"", "http", "HTTP", "kubernetes.io/ws"};

std::unexpected<Problem> problem(std::string_view reason, std::string message) {
  return std::unexpected(Problem{std::string(reason), std::move(message)});
}

const resource::ServicePort* findPort(const resource::Service& service, std::uint16_t port) {
  const auto found = std::ranges::find(service.ports, port, &resource::ServicePort::port);
  return found == service.ports.end() ? nullptr : &*found;
}

/// The Host stays the client's: a Service is reached as the client addressed it.
upstream::EndpointHandle plainEndpoint(
    std::string host, std::uint16_t port, const std::string& backend
) {
  upstream::Endpoint endpoint;
  endpoint.backend = backend;
  endpoint.host = std::move(host);
  endpoint.port = port;
  return finishEndpoint(std::move(endpoint));
}

void addReady(
    const resource::EndpointSlice& slice,
    const resource::ServicePort& wanted,
    const std::string& backend,
    std::vector<upstream::EndpointHandle>& endpoints
) {
  const auto port = std::ranges::find(slice.ports, wanted.name, &resource::EndpointPort::name);
  if (port == slice.ports.end()) {
    return;
  }
  for (const resource::Endpoint& endpoint : slice.endpoints) {
    if (!endpoint.ready) {
      continue;
    }
    for (const std::string& address : endpoint.addresses) {
      endpoints.push_back(plainEndpoint(address, port->port, backend));
    }
  }
}

}  // namespace

std::expected<snapshot::BackendHandle, Problem> makeServiceBackend(
    const Draft& draft, const resource::Service& service, std::uint16_t port
) {
  const resource::ObjectKey& key = service.meta.key;
  const std::string name = resource::qualifiedName(key);
  if (service.type == resource::ServiceType::kExternalName) {
    return problem(
        resource::reason::kInvalidKind,
        fmt::format("Service {} is of type ExternalName, which is not supported", name)
    );
  }
  const resource::ServicePort* entry = findPort(service, port);
  if (entry == nullptr) {
    return problem(
        resource::reason::kBackendNotFound, fmt::format("Service {} has no port {}", name, port)
    );
  }
  if (std::ranges::find(kHttpProtocols, entry->app_protocol) == kHttpProtocols.end()) {
    return problem(
        resource::reason::kUnsupportedProtocol,
        fmt::format(
            "appProtocol \"{}\" of port {} of Service {} is not supported",
            entry->app_protocol,
            port,
            name
        )
    );
  }
  snapshot::HttpBackend http;
  bool any_slice = false;
  for (const auto& slice : draft.resources.all<resource::EndpointSlice>()) {
    if (slice->meta.key.ns == key.ns && slice->serviceName() == key.name) {
      any_slice = true;
      addReady(*slice, *entry, name, http.endpoints);
    }
  }
  if (!any_slice && draft.options.standalone) {
    std::string host = fmt::format("{}.{}.svc", key.name, key.ns);
    http.endpoints.push_back(plainEndpoint(std::move(host), port, name));
  }
  auto backend = std::make_shared<snapshot::Backend>();
  backend->name = telemetry::Name(name);
  backend->target = std::move(http);
  return backend;
}

}  // namespace gatehouse::compile
