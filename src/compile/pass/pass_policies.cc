// Policies: targets and ancestors (resources.md 3.8, 5). Kinds that other programs resolve in a
// cluster are named here too.
#include <utility>

#include <fmt/format.h>

#include "compile/passes.h"
#include "compile/targets.h"
#include "compile/tls_policy.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

constexpr std::size_t kMaxAncestors = 16;

resource::PolicyAncestorStatus ancestor(std::string controller) {
  resource::PolicyAncestorStatus status;
  status.controller_name = std::move(controller);
  return status;
}

class PolicyReporter {
 public:
  PolicyReporter(Draft& draft, const resource::AgentgatewayPolicy& policy)
      : draft_(draft), policy_(policy) {}

  resource::PolicyStatus report() {
    const Reach reach = resolveTargets(draft_, policy_);
    const bool folded = reach.gateways.size() > kMaxAncestors;
    const std::size_t shown = folded ? kMaxAncestors - 1 : reach.gateways.size();
    for (std::size_t i = 0; i < shown; ++i) {
      addGateway(*reach.gateways[i]);
    }
    if (folded || !reach.missing.empty() || reach.gateways.empty()) {
      addSummary(reach, reach.gateways.size() - shown);
    }
    return std::move(status_);
  }

 private:
  void addGateway(const GatewayDraft& gateway) {
    auto next = ancestor(gateway.controller);
    next.ancestor_ref.ns = gateway.resource->meta.key.ns;
    next.ancestor_ref.name = gateway.resource->meta.key.name;
    next.conditions = {
        acceptedCondition(),
        draft_.condition(
            policy_.meta,
            resource::condition::kAttached,
            true,
            resource::reason::kAttached,
            "Attached to Gateway " + gateway.name()
        )
    };
    if (const auto lost = draft_.overridden.find(policy_.meta.key);
        lost != draft_.overridden.end()) {
      next.conditions.push_back(draft_.condition(
          policy_.meta,
          resource::condition::kOverridden,
          true,
          resource::condition::kOverridden,
          join(lost->second)
      ));
    }
    status_.ancestors.push_back(std::move(next));
  }

  void addSummary(const Reach& reach, std::size_t unshown) {
    auto next = ancestor(std::string(kControllerName));
    next.ancestor_ref.group = resource::kAgentgatewayGroup;
    next.ancestor_ref.kind = "StatusSummary";
    next.ancestor_ref.name = "StatusSummary";
    next.conditions.push_back(acceptedCondition());
    const bool attached = reach.missing.empty() && !reach.gateways.empty();
    next.conditions.push_back(draft_.condition(
        policy_.meta,
        resource::condition::kAttached,
        attached,
        attached ? resource::reason::kAttached : resource::reason::kPending,
        attached                ? std::string(resource::message::kNoErrors)
        : reach.missing.empty() ? std::string("no Gateway is reached through the targets")
                                : join(reach.missing)
    ));
    if (unshown > 0) {
      next.conditions.push_back(draft_.condition(
          policy_.meta,
          resource::condition::kStatusSummarized,
          true,
          resource::condition::kStatusSummarized,
          fmt::format("{} more Gateways are not listed", unshown)
      ));
    }
    status_.ancestors.push_back(std::move(next));
  }

  /// A policy of which something does not act is valid in part only.
  resource::Condition acceptedCondition() const {
    return draft_.condition(
        policy_.meta,
        resource::condition::kAccepted,
        true,
        draft_.inactive.contains(policy_.meta.key) ? resource::reason::kPartiallyValid
                                                   : resource::reason::kValid,
        draft_.withInactive(policy_.meta, resource::message::kConfigurationValid)
    );
  }

  Draft& draft_;
  const resource::AgentgatewayPolicy& policy_;
  resource::PolicyStatus status_;
};

/// An object whose work this program does not do yet.
void reportUnresolved(
    Draft& draft,
    const resource::ObjectMeta& meta,
    std::string_view reason,
    const std::string& sentence
) {
  draft.find(Severity::kInfo, meta, "", sentence);
  resource::PlainStatus status;
  status.conditions.push_back(
      draft.condition(meta, resource::condition::kReady, false, reason, sentence)
  );
  draft.report.objects.emplace(meta.key, std::move(status));
}

}  // namespace

void passPolicies(Draft& draft) {
  for (const TlsPolicyDraft& policy : draft.tls_policies) {
    if (policy.resource != nullptr) {
      draft.report.objects.emplace(policy.resource->meta.key, reportTlsPolicy(draft, policy));
    }
  }
  for (const auto& policy : draft.resources.all<resource::AgentgatewayPolicy>()) {
    draft.report.objects.emplace(policy->meta.key, PolicyReporter(draft, *policy).report());
  }
  for (const auto& secret : draft.resources.all<resource::ExternalSecret>()) {
    reportUnresolved(
        draft,
        secret->meta,
        resource::reason::kSecretSyncedError,
        "external secrets are not resolved yet; load the Secret itself"
    );
  }
  for (const auto& store : draft.resources.all<resource::SecretStore>()) {
    reportUnresolved(
        draft,
        store->meta,
        resource::reason::kInvalidProviderConfig,
        "external secrets are not resolved yet"
    );
  }
}

}  // namespace gatehouse::compile
