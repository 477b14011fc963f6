// What policies say of the requests of routes: spec.traffic, by the levels of claims.h. What a
// route says itself goes before all of them.
#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compile/claims.h"
#include "compile/passes.h"
#include "compile/retry.h"
#include "resource/reader.h"

namespace gatehouse::compile {
namespace {

using resource::AgentgatewayPolicy;

constexpr std::string_view kRetry = "retry";
constexpr std::string_view kField = "spec.traffic.retry";

class TrafficCompiler {
 public:
  explicit TrafficCompiler(Draft& draft) : draft_(draft), claims_(draft, std::string(kField)) {}

  void run() {
    for (const auto& policy : draft_.resources.all<AgentgatewayPolicy>()) {
      addClaim(*policy);
    }
    if (claims_.empty()) {
      return;
    }
    eachPlace(draft_, [&](const Place& place, snapshot::RouteEntry& entry) {
      apply(place, entry);
    });
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
    retries_.emplace(&policy, makeRetry(draft_, policy.meta, std::string(kField), wish));
    claims_.add(policy);
  }

  /// Without its condition it would try again what it must not.
  void leaveOut(const AgentgatewayPolicy& policy, std::string_view condition) {
    const std::string sentence = fmt::format("not applied: its {} is not evaluated yet", condition);
    draft_.find(resource::Severity::kWarning, policy.meta, std::string(kField), sentence);
    draft_.inactive[policy.meta.key].push_back(fmt::format("{} is {}", kField, sentence));
  }

  void apply(const Place& place, snapshot::RouteEntry& entry) {
    if (place.rule.retry) {
      return;
    }
    for (const Level level : {Level::kRule, Level::kRoute, Level::kListener, Level::kGateway}) {
      if (const AgentgatewayPolicy* winner = claims_.winnerAt(place, level)) {
        entry.rule = withRetry(entry.rule, retries_.at(winner));
        return;
      }
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
  Claims claims_;
  std::map<const AgentgatewayPolicy*, upstream::RetryHandle> retries_;
  std::map<std::pair<const void*, const void*>, std::shared_ptr<const snapshot::Rule>> made_;
  std::vector<std::shared_ptr<const snapshot::Rule>> kept_;  // so that addresses stay theirs
};

}  // namespace

void passTraffic(Draft& draft) {
  TrafficCompiler(draft).run();
}

}  // namespace gatehouse::compile
