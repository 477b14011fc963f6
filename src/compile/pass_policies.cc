// Policies: targets, ancestors, and what of them is not active yet (resources.md 3.8, 5). Kinds
// that other programs resolve in a cluster are named here too.
#include <utility>

#include <fmt/format.h>

#include "compile/passes.h"
#include "compile/targets.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

constexpr std::size_t kMaxAncestors = 16;

void noteSections(
    Draft& draft,
    const resource::AgentgatewayPolicy& policy,
    const std::vector<resource::Section>& sections,
    std::string_view field,
    std::vector<std::string>& inactive
) {
  for (const resource::Section& section : sections) {
    inactive.push_back(draft.noteInactive(policy.meta, fmt::format("{}.{}", field, section.name)));
  }
}

/// A sentence for each section nothing acts on yet.
std::vector<std::string> noteInactive(Draft& draft, const resource::AgentgatewayPolicy& policy) {
  std::vector<std::string> inactive;
  noteSections(draft, policy, policy.frontend, "spec.frontend", inactive);
  noteSections(draft, policy, policy.traffic, "spec.traffic", inactive);
  if (!policy.backend) {
    return inactive;
  }
  const auto note = [&](bool present, std::string_view name) {
    if (present) {
      inactive.push_back(draft.noteInactive(policy.meta, fmt::format("spec.backend.{}", name)));
    }
  };
  note(policy.backend->auth.has_value(), "auth");
  note(policy.backend->tls.has_value(), "tls");
  note(policy.backend->http.has_value(), "http");
  note(policy.backend->tcp.has_value(), "tcp");
  noteSections(draft, policy, policy.backend->other, "spec.backend", inactive);
  return inactive;
}

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
    const std::vector<std::string> inactive = noteInactive(draft_, policy_);
    accepted_ = std::string(resource::message::kConfigurationValid);
    if (!inactive.empty()) {
      accepted_ += "; " + join(inactive);
    }
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

  resource::Condition acceptedCondition() const {
    return draft_.condition(
        policy_.meta, resource::condition::kAccepted, true, resource::reason::kValid, accepted_
    );
  }

  Draft& draft_;
  const resource::AgentgatewayPolicy& policy_;
  std::string accepted_;
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
  for (const auto& policy : draft.resources.all<resource::AgentgatewayPolicy>()) {
    draft.report.objects.emplace(policy->meta.key, PolicyReporter(draft, *policy).report());
  }
  for (const auto& policy : draft.resources.all<resource::BackendTlsPolicy>()) {
    draft.find(Severity::kWarning, policy->meta, "spec.validation", "accepted but not active yet");
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
