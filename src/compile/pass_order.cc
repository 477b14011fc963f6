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

const resource::ObjectMeta* findRoute(const Draft& draft, std::string_view key) {
  for (const RouteDraft& route : draft.routes) {
    if (resource::qualifiedName(route.resource->meta.key) == key) {
      return &route.resource->meta;
    }
  }
  return nullptr;
}

void reportShadowed(
    Draft& draft, const snapshot::RouteEntry& winner, const snapshot::RouteEntry& loser
) {
  const resource::ObjectMeta* meta = findRoute(draft, loser.route_key);
  if (meta == nullptr) {
    return;
  }
  draft.find(
      Severity::kWarning,
      *meta,
      fmt::format("spec.rules[{}].matches[{}]", loser.rule_index, loser.match_index),
      fmt::format(
          "never reached: HTTPRoute {} rule {} has the same match and comes first (older, then by "
          "namespace/name)",
          winner.route_key,
          winner.rule_index
      )
  );
}

void findShadowed(Draft& draft, const ListenerDraft& listener) {
  std::map<std::string, const snapshot::RouteEntry*> first;
  for (const snapshot::RouteEntry& entry : listener.entries) {
    const auto [found, fresh] = first.try_emplace(signature(entry), &entry);
    if (fresh) {
      continue;
    }
    const bool wins = snapshot::precedes(entry, *found->second);
    reportShadowed(draft, wins ? entry : *found->second, wins ? *found->second : entry);
    if (wins) {
      found->second = &entry;
    }
  }
}

}  // namespace

void passOrder(Draft& draft) {
  for (const GatewayDraft& gateway : draft.gateways) {
    for (const ListenerDraft& listener : gateway.listeners) {
      findShadowed(draft, listener);
    }
  }
}

}  // namespace gatehouse::compile
