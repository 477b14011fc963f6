#include "compile/claims.h"

#include <algorithm>

#include <fmt/format.h>

namespace gatehouse::compile {
namespace {

using resource::AgentgatewayPolicy;

std::string_view nameOf(Level level) {
  switch (level) {
    case Level::kGateway:
      return "Gateway";
    case Level::kListener:
      return "listener";
    case Level::kRoute:
      return "HTTPRoute";
    case Level::kRule:
      return "rule";
  }
  return "";
}

bool reaches(const TrafficTarget& target, const Place& place, Level level) {
  const bool whole = target.section.empty();
  if (target.route != nullptr) {
    return target.route == &place.route && level == (whole ? Level::kRoute : Level::kRule) &&
           (whole || target.section == place.rule.name);
  }
  const bool named = whole || target.section == place.listener.spec->name;
  if (target.set != nullptr) {
    return target.set == place.listener.set && level == Level::kListener && named;
  }
  // A section of a Gateway is a listener of its own.
  return target.gateway == place.gateway.resource &&
         level == (whole ? Level::kGateway : Level::kListener) && named &&
         (whole || place.listener.set == nullptr);
}

}  // namespace

void Claims::add(const AgentgatewayPolicy& policy) {
  claims_.push_back({.policy = &policy, .targets = trafficTargets(draft_, policy)});
}

const AgentgatewayPolicy* Claims::winnerAt(const Place& place, Level level) {
  std::vector<const AgentgatewayPolicy*> found;
  for (const Claim& claim : claims_) {
    if (std::ranges::any_of(claim.targets, [&](const TrafficTarget& target) {
          return reaches(target, place, level);
        })) {
      found.push_back(claim.policy);
    }
  }
  if (found.empty()) {
    return nullptr;
  }
  const AgentgatewayPolicy* winner = *std::ranges::min_element(found, [](auto* a, auto* b) {
    return resource::isOlder(a->meta, b->meta);
  });
  for (const AgentgatewayPolicy* policy : found) {
    if (policy != winner) {
      tellLost(draft_, *policy, *winner, field_, fmt::format("the same {}", nameOf(level)));
    }
  }
  return winner;
}

void tellLost(
    Draft& draft,
    const AgentgatewayPolicy& lost,
    const AgentgatewayPolicy& winner,
    const std::string& field,
    std::string_view where
) {
  const std::string sentence =
      fmt::format("on {} that of the older {} holds", where, toString(winner.meta.key));
  std::vector<std::string>& told = draft.overridden[lost.meta.key];
  const std::string condition = fmt::format("{}: {}", field, sentence);
  if (std::ranges::find(told, condition) == told.end()) {
    told.push_back(condition);
    draft.find(resource::Severity::kWarning, lost.meta, field, sentence);
  }
}

}  // namespace gatehouse::compile
