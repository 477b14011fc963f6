// Listeners of one Gateway and its ListenerSets: conflicts, overlapping TLS names (resources.md
// 3.2). Among the Gateway's own a conflict has no winner.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "compile/listener_rules.h"
#include "compile/listener_set.h"
#include "compile/passes.h"
#include "snapshot/route_match.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

/// Marks every listener of `group` as conflicted, each naming the others.
void reject(
    Draft& draft,
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
        Severity::kError, *listener->owner, listener->field(""), listener->conflict->message
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
      reject(draft, group, resource::reason::kProtocolConflict, what);
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
        reject(draft, same, resource::reason::kHostnameConflict, what);
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
        listener.overlap = other.name();
        break;
      }
    }
  }
}

}  // namespace

void passListeners(Draft& draft) {
  for (GatewayDraft& gateway : draft.gateways) {
    for (ListenerDraft& listener : gateway.listeners) {
      checkListener(draft, listener);
    }
    findConflicts(draft, gateway);
  }
  mergeListenerSets(draft);
  for (GatewayDraft& gateway : draft.gateways) {
    findOverlaps(gateway);
  }
}

}  // namespace gatehouse::compile
