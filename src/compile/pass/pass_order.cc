// Matches that no request reaches, because another route has the same one and comes first: older,
// then by namespace/name (resources.md 3.4). The sorting itself is the route table's.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "compile/passes.h"
#include "snapshot/route_match.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

void appendConditions(
    std::string& out, const std::vector<snapshot::ValueMatch>& values, bool folded
) {
  std::vector<std::string> parts;
  for (const snapshot::ValueMatch& value : values) {
    parts.push_back(fmt::format(
        "{}{}{}\n", folded ? fold(value.name) : value.name, value.pattern ? '~' : '=', value.value
    ));
  }
  std::ranges::sort(parts);
  out += fmt::format("{}\n", fmt::join(parts, ""));
}

/// Equal for entries that match the same requests.
std::string signature(const snapshot::RouteEntry& entry) {
  const bool prefix = entry.path_kind == snapshot::PathKind::kPrefix;
  std::string text = fmt::format(
      "{}\n{}\n{}\n{}\n",
      entry.hostname,
      static_cast<int>(entry.path_kind),
      prefix ? snapshot::normalPrefix(entry.path) : std::string_view(entry.path),
      entry.method
  );
  appendConditions(text, entry.headers, true);
  appendConditions(text, entry.query, false);
  return text;
}

RouteDraft* findRoute(Draft& draft, std::string_view key) {
  const auto found = std::ranges::find_if(draft.routes, [key](const RouteDraft& route) {
    return resource::qualifiedName(route.resource->meta.key) == key;
  });
  return found == draft.routes.end() ? nullptr : &*found;
}

/// Told to the parents through which the route came to the listener.
void tellParents(RouteDraft& route, const ListenerDraft& listener, const std::string& sentence) {
  for (ParentDraft& parent : route.parents) {
    const bool through = std::ranges::find(parent.attachments, &listener, &Attachment::listener) !=
                         parent.attachments.end();
    if (through && std::ranges::find(parent.shadowed, sentence) == parent.shadowed.end()) {
      parent.shadowed.push_back(sentence);
    }
  }
}

void reportShadowed(
    Draft& draft,
    const GatewayDraft& gateway,
    const ListenerDraft& listener,
    const snapshot::RouteEntry& winner,
    const snapshot::RouteEntry& loser
) {
  RouteDraft* route = findRoute(draft, loser.route_key);
  if (route == nullptr) {
    return;
  }
  const std::string field =
      fmt::format("spec.rules[{}].matches[{}]", loser.rule_index, loser.match_index);
  const std::string why = fmt::format(
      "never reached on listener {}/{}{}: HTTPRoute {} rule {} has the same match and comes first "
      "(older, then by namespace/name)",
      gateway.name(),
      listener.name(),
      loser.hostname.empty() ? "" : fmt::format(" for host {}", loser.hostname),
      winner.route_key,
      winner.rule_index
  );
  draft.find(Severity::kWarning, route->resource->meta, field, why);
  tellParents(*route, listener, fmt::format("{} of {} is {}", field, loser.route_key, why));
}

void findShadowed(Draft& draft, const GatewayDraft& gateway, const ListenerDraft& listener) {
  std::map<std::string, const snapshot::RouteEntry*> first;
  for (const snapshot::RouteEntry& entry : listener.entries) {
    const auto [found, fresh] = first.try_emplace(signature(entry), &entry);
    if (fresh) {
      continue;
    }
    const bool wins = snapshot::precedes(entry, *found->second);
    reportShadowed(
        draft, gateway, listener, wins ? entry : *found->second, wins ? *found->second : entry
    );
    if (wins) {
      found->second = &entry;
    }
  }
}

}  // namespace

void passOrder(Draft& draft) {
  for (const GatewayDraft& gateway : draft.gateways) {
    for (const ListenerDraft& listener : gateway.listeners) {
      findShadowed(draft, gateway, listener);
    }
  }
}

}  // namespace gatehouse::compile
