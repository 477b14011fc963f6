// What policies say of the requests of routes: spec.traffic, by the levels of resources.md 8.1. A
// policy on a rule goes before one on its route, that before one on a listener or ListenerSet, and
// that before one on the Gateway; of two of one level the older one holds, and the other is told
// so. What a route says itself goes before all of them.
#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compile/passes.h"
#include "compile/retry.h"
#include "compile/targets.h"
#include "resource/reader.h"

namespace gatehouse::compile {
namespace {

using resource::AgentgatewayPolicy;

constexpr std::string_view kRetry = "retry";
constexpr std::string_view kField = "spec.traffic.retry";

enum class Level : std::uint8_t { kGateway, kListener, kRoute, kRule };

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

/// A policy that says something of the requests it reaches.
struct Claim {
  const AgentgatewayPolicy* policy = nullptr;
  upstream::RetryHandle retry;
};

/// Where a request is, as far as policies tell.
struct Place {
  const GatewayDraft& gateway;
  const ListenerDraft& listener;
  const resource::HttpRoute& route;
  const resource::HttpRouteRule& rule;
};

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

class TrafficCompiler {
 public:
  explicit TrafficCompiler(Draft& draft) : draft_(draft) {}

  void run() {
    for (const auto& policy : draft_.resources.all<AgentgatewayPolicy>()) {
      addClaim(*policy);
    }
    if (claims_.empty()) {
      return;
    }
    for (const RouteDraft& route : draft_.routes) {
      routes_.emplace(resource::qualifiedName(route.resource->meta.key), route.resource);
    }
    for (GatewayDraft& gateway : draft_.gateways) {
      for (ListenerDraft& listener : gateway.listeners) {
        for (snapshot::RouteEntry& entry : listener.entries) {
          apply(gateway, listener, entry);
        }
      }
    }
  }

 private:
  void addClaim(const AgentgatewayPolicy& policy) {
    const auto section = std::ranges::find(policy.traffic, kRetry, &resource::Section::name);
    if (section == policy.traffic.end()) {
      return;
    }
    for (const std::string_view condition : {"precondition", "condition"}) {
      if (resource::readField(section->value, condition) != nullptr) {
        leaveOut(policy, condition);
        return;
      }
    }
    RetryWish wish{
        .codes = {},
        .attempts = resource::readCount(section->value, "attempts"),
        .backoff = resource::readDuration(section->value, "backoff"),
    };
    for (const wire::Value& code : resource::readList(section->value, "codes")) {
      if (const std::int64_t* status = code.integer()) {
        wish.codes.push_back(static_cast<std::uint16_t>(*status));
      }
    }
    upstream::RetryHandle retry = makeRetry(draft_, policy.meta, std::string(kField), wish);
    claims_.push_back({.policy = &policy, .retry = std::move(retry)});
    targets_.push_back(trafficTargets(draft_, policy));
  }

  /// Without its condition it would try again what it must not.
  void leaveOut(const AgentgatewayPolicy& policy, std::string_view condition) {
    const std::string sentence = fmt::format("not applied: its {} is not evaluated yet", condition);
    draft_.find(resource::Severity::kWarning, policy.meta, std::string(kField), sentence);
    draft_.inactive[policy.meta.key].push_back(fmt::format("{} is {}", kField, sentence));
  }

  void apply(
      const GatewayDraft& gateway, const ListenerDraft& listener, snapshot::RouteEntry& entry
  ) {
    const resource::HttpRoute& route = *routes_.at(entry.route_key);
    const resource::HttpRouteRule& rule = route.rules[entry.rule_index];
    if (rule.retry) {
      return;
    }
    const Place place{gateway, listener, route, rule};
    for (const Level level : {Level::kRule, Level::kRoute, Level::kListener, Level::kGateway}) {
      if (const Claim* winner = winnerOf(place, level)) {
        entry.rule = withRetry(entry.rule, winner->retry);
        return;
      }
    }
  }

  const Claim* winnerOf(const Place& place, Level level) {
    std::vector<const Claim*> found;
    for (std::size_t i = 0; i < claims_.size(); ++i) {
      if (std::ranges::any_of(targets_[i], [&](const TrafficTarget& target) {
            return reaches(target, place, level);
          })) {
        found.push_back(&claims_[i]);
      }
    }
    if (found.empty()) {
      return nullptr;
    }
    const Claim* winner = *std::ranges::min_element(found, [](const Claim* a, const Claim* b) {
      return resource::isOlder(a->policy->meta, b->policy->meta);
    });
    for (const Claim* claim : found) {
      if (claim != winner) {
        tellLost(*claim, *winner, level);
      }
    }
    return winner;
  }

  void tellLost(const Claim& lost, const Claim& winner, Level level) {
    const std::string sentence = fmt::format(
        "on the same {} that of the older {} holds",
        nameOf(level),
        toString(winner.policy->meta.key)
    );
    std::vector<std::string>& told = draft_.overridden[lost.policy->meta.key];
    const std::string condition = fmt::format("{}: {}", kField, sentence);
    if (std::ranges::find(told, condition) == told.end()) {
      told.push_back(condition);
      draft_.find(resource::Severity::kWarning, lost.policy->meta, std::string(kField), sentence);
    }
  }

  /// The same rule with it; shared by all entries that need the same.
  std::shared_ptr<const snapshot::Rule> withRetry(
      const std::shared_ptr<const snapshot::Rule>& rule, const upstream::RetryHandle& retry
  ) {
    std::shared_ptr<const snapshot::Rule>& made = made_[{rule.get(), retry.get()}];
    if (made == nullptr) {
      auto copy = std::make_shared<snapshot::Rule>(*rule);
      copy->retry = retry;
      made = std::move(copy);
      kept_.push_back(rule);
    }
    return made;
  }

  Draft& draft_;
  std::vector<Claim> claims_;
  std::vector<std::vector<TrafficTarget>> targets_;  // of each claim
  std::map<std::string, const resource::HttpRoute*> routes_;
  std::map<std::pair<const void*, const void*>, std::shared_ptr<const snapshot::Rule>> made_;
  std::vector<std::shared_ptr<const snapshot::Rule>> kept_;  // so that addresses stay theirs
};

}  // namespace

void passTraffic(Draft& draft) {
  TrafficCompiler(draft).run();
}

}  // namespace gatehouse::compile
