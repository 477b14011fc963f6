// Listeners of one Gateway: protocols, kinds of routes, conflicts, overlapping TLS names
// (resources.md 3.2). Inside a Gateway a conflict has no winner.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "compile/passes.h"
#include "snapshot/route_match.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

std::string fieldOf(const ListenerDraft& listener, std::string_view rest) {
  return fmt::format("spec.listeners[{}]{}", listener.index, rest);
}

void checkProtocol(Draft& draft, const GatewayDraft& gateway, ListenerDraft& listener) {
  const std::string& protocol = listener.spec->protocol;
  if (protocol == "HTTP" || protocol == "HTTPS") {
    listener.tls = protocol == "HTTPS";
    return;
  }
  listener.not_accepted = Problem{
      std::string(resource::reason::kUnsupportedProtocol),
      fmt::format("protocol \"{}\" is not supported; HTTP and HTTPS are", protocol)
  };
  draft.find(
      Severity::kError,
      gateway.resource->meta,
      fieldOf(listener, ".protocol"),
      listener.not_accepted->message
  );
}

void chooseKinds(Draft& draft, const GatewayDraft& gateway, ListenerDraft& listener) {
  if (listener.not_accepted) {
    return;
  }
  const resource::RouteGroupKind http_route{
      .group = std::string(resource::kGatewayGroup), .kind = std::string(resource::HttpRoute::kKind)
  };
  const auto& asked = listener.spec->allowed_routes.kinds;
  if (asked.empty() || std::ranges::find(asked, http_route) != asked.end()) {
    listener.supported_kinds.push_back(http_route);
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] == http_route) {
      continue;
    }
    listener.unresolved = Problem{
        std::string(resource::reason::kInvalidRouteKinds),
        fmt::format(
            "route kind {} of group \"{}\" is not supported by protocol {}; HTTPRoute is",
            asked[i].kind,
            asked[i].group,
            listener.spec->protocol
        )
    };
    draft.find(
        Severity::kError,
        gateway.resource->meta,
        fieldOf(listener, fmt::format(".allowedRoutes.kinds[{}]", i)),
        listener.unresolved->message
    );
  }
}

/// Marks every listener of `group` as conflicted, each naming the others.
void reject(
    Draft& draft,
    const GatewayDraft& gateway,
    const std::vector<ListenerDraft*>& group,
    std::string_view reason,
    std::string_view what
) {
  for (ListenerDraft* listener : group) {
    std::vector<std::string> others;
    for (const ListenerDraft* other : group) {
      if (other != listener) {
        others.push_back(fmt::format("\"{}\"", other->spec->name));
      }
    }
    listener->conflict = Problem{
        std::string(reason),
        fmt::format(
            "listener \"{}\" conflicts with listener {}: {}",
            listener->spec->name,
            fmt::join(others, ", "),
            what
        )
    };
    draft.find(
        Severity::kError,
        gateway.resource->meta,
        fieldOf(*listener, ""),
        listener->conflict->message
    );
  }
}

void findConflicts(Draft& draft, GatewayDraft& gateway) {
  std::map<std::uint16_t, std::vector<ListenerDraft*>> by_port;
  for (ListenerDraft& listener : gateway.listeners) {
    if (!listener.not_accepted) {
      by_port[listener.spec->port].push_back(&listener);
    }
  }
  for (const auto& [port, group] : by_port) {
    const auto differs = [&](const ListenerDraft* other) { return other->tls != group[0]->tls; };
    if (std::ranges::any_of(group, differs)) {
      const std::string what = fmt::format("port {} cannot be both HTTP and HTTPS", port);
      reject(draft, gateway, group, resource::reason::kProtocolConflict, what);
      continue;
    }
    std::map<std::string_view, std::vector<ListenerDraft*>> by_hostname;
    for (ListenerDraft* listener : group) {
      by_hostname[listener->spec->hostname].push_back(listener);
    }
    for (const auto& [hostname, same] : by_hostname) {
      if (same.size() > 1) {
        const std::string host =
            hostname.empty() ? "no hostname" : fmt::format("hostname \"{}\"", hostname);
        const std::string what = fmt::format("same port {} and {}", port, host);
        reject(draft, gateway, same, resource::reason::kHostnameConflict, what);
      }
    }
  }
}

/// True if one name takes hosts of the other.
bool overlaps(std::string_view a, std::string_view b) {
  return snapshot::hostMatches(a, b) || snapshot::hostMatches(b, a);
}

void findOverlaps(GatewayDraft& gateway) {
  for (ListenerDraft& listener : gateway.listeners) {
    for (const ListenerDraft& other : gateway.listeners) {
      if (&other != &listener && listener.tls && other.tls && listener.accepted() &&
          other.accepted() && listener.spec->port == other.spec->port &&
          overlaps(listener.spec->hostname, other.spec->hostname)) {
        listener.overlap = other.spec->name;
        break;
      }
    }
  }
}

}  // namespace

void passListeners(Draft& draft) {
  for (GatewayDraft& gateway : draft.gateways) {
    for (ListenerDraft& listener : gateway.listeners) {
      checkProtocol(draft, gateway, listener);
      chooseKinds(draft, gateway, listener);
    }
    findConflicts(draft, gateway);
    findOverlaps(gateway);
  }
}

}  // namespace gatehouse::compile
