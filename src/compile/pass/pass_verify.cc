// The snapshot, put together and checked. What fails here is our fault, and nothing is published.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compile/passes.h"
#include "crypto/digest.h"

namespace gatehouse::compile {
namespace {

snapshot::Port makePort(GatewayDraft& gateway, const PortDraft& port, telemetry::Name name) {
  snapshot::Port made;
  made.gateway = std::move(name);
  made.gateway_class = gateway.resource->gateway_class_name;
  made.port = port.port;
  made.proxy_protocol = port.proxy_protocol;
  made.keepalive = port.keepalive;
  made.tls_limits = port.tls;
  for (const BindAddress& address : port.addresses) {
    made.addresses.push_back(toString(address));
  }
  for (ListenerDraft& listener : gateway.listeners) {
    if (!listener.serves() || listener.spec->port != port.port) {
      continue;
    }
    made.tls = listener.tls;
    made.clients = listener.clients;
    std::ranges::move(listener.certificates, std::back_inserter(made.certificates));
    made.listeners.push_back(snapshot::Listener{
        .gateway = made.gateway,
        .name = telemetry::Name(listener.name()),
        .hostname = listener.spec->hostname,
        .routes = snapshot::RouteTable(std::move(listener.entries)),
    });
  }
  return made;
}

/// Every part with its length, so that no two lists of parts give one text.
void appendPart(std::string& out, std::string_view part) {
  out += fmt::format("{}:{};", part.size(), part);
}

std::string tlsIdentity(const snapshot::Port& port) {
  std::string parts;
  appendPart(parts, port.gateway.view());
  parts += fmt::format("{};{};", port.port, port.clients.required ? 1 : 0);
  appendPart(parts, port.clients.ca_pem);
  const snapshot::TlsLimits& limits = port.tls_limits;
  parts += fmt::format(
      "{};{};{};{};{};",
      static_cast<int>(limits.min_version),
      static_cast<int>(limits.max_version),
      fmt::join(limits.cipher_suites, ":"),
      fmt::join(limits.key_exchange_groups, ":"),
      fmt::join(limits.alpn, ":")
  );
  for (const snapshot::ServerCertificate& certificate : port.certificates) {
    for (const std::string& hostname : certificate.hostnames) {
      appendPart(parts, hostname);
    }
    appendPart(parts, certificate.chain_pem);
    appendPart(parts, crypto::sha256Hex(certificate.key_pem->reveal()));
  }
  return crypto::sha256Hex(parts);
}

std::optional<std::string> checkRule(const snapshot::Rule& rule) {
  std::uint64_t total = 0;
  for (const snapshot::WeightedBackend& part : rule.backends) {
    total += part.weight;
    if (part.backend == nullptr) {
      return "a rule without backend handle";
    }
    const auto* ai = std::get_if<snapshot::AiBackend>(&part.backend->target);
    if (ai != nullptr && ai->providers.empty()) {
      return "an AI backend without provider";
    }
  }
  return total == rule.total_weight ? std::nullopt
                                    : std::optional<std::string>("weights that do not add up");
}

/// What is inconsistent, if anything is.
std::optional<std::string> check(const snapshot::Snapshot& snapshot) {
  std::vector<std::string> addresses;
  for (const snapshot::Port& port : snapshot.ports) {
    if (port.listeners.empty() || port.addresses.empty()) {
      return "a port without listeners or addresses";
    }
    std::ranges::copy_if(port.addresses, std::back_inserter(addresses), [](const auto& address) {
      return !address.ends_with(":0");  // each gets a port of its own
    });
    for (const snapshot::Listener& listener : port.listeners) {
      for (const snapshot::RouteEntry& entry : listener.routes.entries()) {
        if (entry.rule == nullptr) {
          return "an entry without rule";
        }
        if (auto fault = checkRule(*entry.rule)) {
          return fault;
        }
      }
    }
  }
  std::ranges::sort(addresses);
  if (std::ranges::adjacent_find(addresses) != addresses.end()) {
    return "an address given twice";
  }
  return std::nullopt;
}

}  // namespace

void passVerify(Draft& draft) {
  auto snapshot = std::make_shared<snapshot::Snapshot>();
  snapshot->generation = draft.resources.generation();
  for (GatewayDraft& gateway : draft.gateways) {
    if (!gateway.accepted() || gateway.not_programmed) {
      continue;
    }
    const telemetry::Name name(gateway.name());
    for (const PortDraft& port : gateway.ports) {
      snapshot::Port made = makePort(gateway, port, name);
      if (!made.listeners.empty()) {
        made.tls_identity = made.tls ? tlsIdentity(made) : "";
        snapshot->ports.push_back(std::move(made));
      }
    }
  }
  if (const auto fault = check(*snapshot)) {
    draft.findings.push_back(resource::Finding{
        .severity = resource::Severity::kError,
        .file = {},
        .position = {},
        .object = {},
        .field = {},
        .message = fmt::format("not published, this is a bug of ours: {}", *fault),
    });
    return;
  }
  draft.snapshot = std::move(snapshot);
}

}  // namespace gatehouse::compile
