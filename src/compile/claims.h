// Which of several policies holds for a request, by the levels of resources.md 8.1: one on a rule
// goes before one on its route, that before one on a listener or ListenerSet, and that before one
// on the Gateway; of two of one level the older one holds, and the other is told so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compile/draft.h"
#include "compile/targets.h"

namespace gatehouse::compile {

enum class Level : std::uint8_t { kGateway, kListener, kRoute, kRule };

/// Where a request is, as far as policies tell.
struct Place {
  const GatewayDraft& gateway;
  const ListenerDraft& listener;
  const resource::HttpRoute& route;
  const resource::HttpRouteRule& rule;
};

/// Calls `visit(place, entry)` for every entry of every listener.
template <typename Visit>
void eachPlace(Draft& draft, const Visit& visit) {
  std::map<std::string, const resource::HttpRoute*> routes;
  for (const RouteDraft& route : draft.routes) {
    routes.emplace(resource::qualifiedName(route.resource->meta.key), route.resource);
  }
  for (GatewayDraft& gateway : draft.gateways) {
    for (ListenerDraft& listener : gateway.listeners) {
      for (snapshot::RouteEntry& entry : listener.entries) {
        const resource::HttpRoute& route = *routes.at(entry.route_key);
        visit(Place{gateway, listener, route, route.rules[entry.rule_index]}, entry);
      }
    }
  }
}

/// Policies that say something of the same field.
class Claims {
 public:
  /// `draft` outlives it. `field` is where they say it.
  Claims(Draft& draft, std::string field) : draft_(draft), field_(std::move(field)) {}

  void add(const resource::AgentgatewayPolicy& policy);
  bool empty() const { return claims_.empty(); }
  /// The oldest of those of this level that reach the place, or null; the others learn that they
  /// lost.
  const resource::AgentgatewayPolicy* winnerAt(const Place& place, Level level);

 private:
  struct Claim {
    const resource::AgentgatewayPolicy* policy = nullptr;
    std::vector<TrafficTarget> targets;
  };

  Draft& draft_;
  std::string field_;
  std::vector<Claim> claims_;
};

/// In conditions and findings of the policy `lost`: that of the older `winner` holds on `where`.
void tellLost(
    Draft& draft,
    const resource::AgentgatewayPolicy& lost,
    const resource::AgentgatewayPolicy& winner,
    const std::string& field,
    std::string_view where
);

}  // namespace gatehouse::compile
