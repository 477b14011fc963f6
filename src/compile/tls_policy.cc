#include "compile/tls_policy.h"

#include <algorithm>
#include <expected>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "compile/endpoint.h"
#include "compile/targets.h"
#include "resource/nearest.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

constexpr std::size_t kMaxAncestors = 16;

bool isService(const resource::ObjectKey& key) {
  return key.group.empty() && key.kind == resource::Service::kKind;
}

bool isBackend(const resource::ObjectKey& key) {
  return key.group == resource::kAgentgatewayGroup &&
         key.kind == resource::AgentgatewayBackend::kKind;
}

/// Names a sectionName may say: of ports, of providers. Nothing if the object is not there.
std::optional<std::vector<std::string_view>> findSections(
    const Draft& draft, const resource::ObjectKey& key
) {
  std::vector<std::string_view> names;
  if (isService(key)) {
    const auto* service = draft.resources.find<resource::Service>(key.ns, key.name);
    if (service == nullptr) {
      return std::nullopt;
    }
    for (const resource::ServicePort& port : service->ports) {
      names.push_back(port.name);
    }
    return names;
  }
  const auto* backend = draft.resources.find<resource::AgentgatewayBackend>(key.ns, key.name);
  if (backend == nullptr) {
    return std::nullopt;
  }
  return providerNames(*backend);
}

/// The certificates a reference leads to; or its fault, at its field "kind" or "name".
std::expected<std::string, Problem> readAuthorities(
    const Draft& draft, const resource::ObjectRef& ref
) {
  const std::string what = resource::toString(keyOf(ref));
  if (!ref.group.empty() ||
      (ref.kind != resource::ConfigMap::kKind && ref.kind != resource::Secret::kKind)) {
    return std::unexpected(Problem{
        .reason = std::string(resource::reason::kInvalidKind),
        .message = fmt::format(
            "caCertificateRefs of kind {} in group \"{}\" are not supported; expected ConfigMap or "
            "Secret",
            ref.kind,
            ref.group
        ),
        .field = "kind",
    });
  }
  auto pem = readCa(draft, ref);
  std::optional<std::string> fault;
  if (!pem) {
    fault = what + " with key ca.crt not found";
  } else if (!pem->contains("-----BEGIN CERTIFICATE-----")) {
    fault = what + " holds no certificate in PEM form under ca.crt";
  } else if (draft.options.check_authorities) {
    fault = draft.options.check_authorities(*pem);
  }
  if (!fault) {
    return *std::move(pem);
  }
  return std::unexpected(Problem{
      .reason = std::string(resource::reason::kInvalidCaCertificateRef),
      .message = *std::move(fault),
      .field = "name",
  });
}

class TlsPolicyResolver {
 public:
  TlsPolicyResolver(Draft& draft, const resource::BackendTlsPolicy& policy)
      : draft_(draft), policy_(policy) {}

  TlsPolicyDraft resolve() {
    made_.resource = &policy_;
    for (std::size_t i = 0; i < policy_.target_refs.size(); ++i) {
      addTarget(policy_.target_refs[i], fmt::format("spec.targetRefs[{}]", i));
    }
    auto settings = std::make_shared<upstream::TlsSettings>();
    settings->sni = policy_.hostname;
    settings->alpn = alpnOf(upstream::HttpVersion::kAny);
    setNames(*settings);
    setAuthorities(*settings);
    settings->trust_nothing = made_.not_accepted.has_value();
    made_.settings = std::move(settings);
    return std::move(made_);
  }

 private:
  void addTarget(const resource::PolicyTargetRef& ref, const std::string& field) {
    TlsTargetDraft target;
    target.object = {ref.group, ref.kind, policy_.meta.key.ns, ref.name};
    target.section = ref.section_name.value_or("");
    if (!isService(target.object) && !isBackend(target.object)) {
      draft_.find(
          Severity::kWarning,
          policy_.meta,
          field + ".kind",
          fmt::format(
              "targets of kind {} in group \"{}\" have no TLS of a BackendTLSPolicy; it is left "
              "out",
              ref.kind,
              ref.group
          )
      );
      return;
    }
    const auto sections = findSections(draft_, target.object);
    if (!sections) {
      miss(
          target,
          field + ".name",
          resource::toString(target.object) + " not found",
          nearestName(target.object)
      );
    } else if (!target.section.empty() &&
               std::ranges::find(*sections, target.section) == sections->end()) {
      miss(
          target,
          field + ".sectionName",
          fmt::format(
              "sectionName \"{}\" not found in {}",
              target.section,
              resource::toString(target.object)
          ),
          resource::didYouMean(target.section, *sections)
      );
    }
    made_.targets.push_back(std::move(target));
  }

  std::string nearestName(const resource::ObjectKey& key) const {
    return resource::didYouMean(
        key.name,
        isService(key) ? namesIn<resource::Service>(draft_.resources, key.ns)
                       : namesIn<resource::AgentgatewayBackend>(draft_.resources, key.ns)
    );
  }

  void miss(
      TlsTargetDraft& target, std::string field, std::string message, const std::string& hint
  ) {
    draft_.find(Severity::kError, policy_.meta, std::move(field), message + hint);
    target.missing = Problem{std::string(resource::reason::kTargetNotFound), std::move(message)};
  }

  /// With subjectAltNames the hostname is for SNI alone.
  void setNames(upstream::TlsSettings& settings) const {
    if (policy_.subject_alt_names.empty()) {
      settings.verify_names = {policy_.hostname};
    }
    for (const auto& name : policy_.subject_alt_names) {
      (name.type == "URI" ? settings.verify_uris : settings.verify_names).push_back(name.value);
    }
  }

  void setAuthorities(upstream::TlsSettings& settings) {
    if (policy_.well_known_ca_certificates) {
      if (*policy_.well_known_ca_certificates != "System") {
        refuse(
            resource::reason::kInvalid,
            "spec.validation.wellKnownCACertificates",
            fmt::format(
                "wellKnownCACertificates \"{}\" is not known; expected System",
                *policy_.well_known_ca_certificates
            )
        );
      }
      return;
    }
    const auto& refs = policy_.ca_certificate_refs;
    for (std::size_t i = 0; i < refs.size(); ++i) {
      auto pem = readAuthorities(draft_, refs[i]);
      if (pem) {
        settings.ca_pem += *pem + "\n";
        continue;
      }
      draft_.find(
          Severity::kError,
          policy_.meta,
          fmt::format("spec.validation.caCertificateRefs[{}].{}", i, pem.error().field),
          pem.error().message
      );
      if (!made_.unresolved) {
        made_.unresolved = std::move(pem.error());
      }
    }
    if (settings.ca_pem.empty()) {
      made_.not_accepted = Problem{
          std::string(resource::reason::kNoValidCaCertificate),
          made_.unresolved ? made_.unresolved->message : "no CA certificate is named"
      };
    }
  }

  void refuse(std::string_view reason, std::string field, std::string message) {
    draft_.find(Severity::kError, policy_.meta, std::move(field), message);
    made_.not_accepted = Problem{std::string(reason), std::move(message)};
  }

  Draft& draft_;
  const resource::BackendTlsPolicy& policy_;
  TlsPolicyDraft made_;
};

/// Whose word counts for a target: the oldest of its policies.
const TlsPolicyDraft* winnerOf(const Draft& draft, const TlsTargetDraft& target) {
  const auto found = draft.tls_winners.find({target.object, target.section});
  return found == draft.tls_winners.end() ? nullptr : &draft.tls_policies[found->second];
}

/// What of a policy goes wrong at the targets that one Gateway uses.
std::optional<Problem> problemAt(
    const Draft& draft, const TlsPolicyDraft& policy, const std::vector<const TlsTargetDraft*>& used
) {
  std::vector<std::string> lost;
  std::optional<Problem> missing;
  for (const TlsTargetDraft* target : used) {
    const TlsPolicyDraft* winner = winnerOf(draft, *target);
    if (target->missing) {
      missing = missing ? missing : target->missing;
    } else if (winner != nullptr && winner != &policy) {
      lost.push_back(fmt::format(
          "{}{} follows BackendTLSPolicy {}, which is older or first by name",
          resource::toString(target->object),
          target->section.empty() ? "" : fmt::format(" \"{}\"", target->section),
          winner->resource->meta.key.name
      ));
    }
  }
  if (!lost.empty()) {
    return Problem{std::string(resource::reason::kConflicted), join(lost)};
  }
  return policy.not_accepted ? policy.not_accepted : missing;
}

resource::PolicyAncestorStatus ancestorOf(
    const Draft& draft,
    const GatewayDraft& gateway,
    const TlsPolicyDraft& policy,
    const std::vector<const TlsTargetDraft*>& used
) {
  const resource::ObjectMeta& meta = policy.resource->meta;
  resource::PolicyAncestorStatus ancestor;
  ancestor.ancestor_ref.ns = gateway.resource->meta.key.ns;
  ancestor.ancestor_ref.name = gateway.resource->meta.key.name;
  ancestor.controller_name = gateway.controller;
  const auto problem = problemAt(draft, policy, used);
  const std::string text =
      problem ? problem->message : std::string(resource::message::kConfigurationValid);
  ancestor.conditions.push_back(draft.condition(
      meta,
      resource::condition::kAccepted,
      !problem,
      problem ? std::string_view(problem->reason) : resource::reason::kAccepted,
      draft.withInactive(meta, text)
  ));
  ancestor.conditions.push_back(draft.condition(
      meta,
      resource::condition::kResolvedRefs,
      !policy.unresolved,
      policy.unresolved ? std::string_view(policy.unresolved->reason)
                        : resource::reason::kResolvedRefs,
      policy.unresolved ? policy.unresolved->message : std::string(resource::message::kRefsResolved)
  ));
  return ancestor;
}

std::shared_ptr<const upstream::TlsSettings> trustNothing() {
  upstream::TlsSettings settings;
  settings.trust_nothing = true;
  return std::make_shared<const upstream::TlsSettings>(std::move(settings));
}

/// A policy that has errors of its own: what is wrong was told when it was read, and it has no
/// status. No connection is made to what it is for.
TlsPolicyDraft closed(const resource::BackendTlsPolicy& refused) {
  TlsPolicyDraft made;
  for (const resource::PolicyTargetRef& ref : refused.target_refs) {
    made.targets.push_back({
        .object = {ref.group, ref.kind, refused.meta.key.ns, ref.name},
        .section = ref.section_name.value_or(""),
        .missing = {},
    });
  }
  made.settings = trustNothing();
  return made;
}

/// Is there a section of that name, or, without a name, the object?
bool isThere(const Draft& draft, const TlsTargetDraft& target) {
  const auto sections = findSections(draft, target.object);
  return sections && (target.section.empty() ||
                      std::ranges::find(*sections, target.section) != sections->end());
}

/// A section that is not there may be any that has been renamed: what no other policy is for is
/// closed, rather than served without the TLS that is asked for.
void addPolicy(Draft& draft, TlsPolicyDraft policy) {
  for (const TlsTargetDraft& target : policy.targets) {
    if (isThere(draft, target)) {
      draft.tls_winners.try_emplace({target.object, target.section}, draft.tls_policies.size());
    } else {
      draft.tls_closed.insert(target.object);
    }
  }
  draft.tls_policies.push_back(std::move(policy));
}

}  // namespace

void resolveTlsPolicies(Draft& draft) {
  std::vector<const resource::BackendTlsPolicy*> oldest_first;
  for (const auto& policy : draft.resources.all<resource::BackendTlsPolicy>()) {
    oldest_first.push_back(policy.get());
  }
  std::ranges::sort(oldest_first, [](const auto* a, const auto* b) {
    return resource::isOlder(a->meta, b->meta);
  });
  for (const resource::BackendTlsPolicy* policy : oldest_first) {
    addPolicy(draft, TlsPolicyResolver(draft, *policy).resolve());
  }
  for (const auto& refused : draft.resources.refusedTls()) {
    const resource::ObjectKey& key = refused->meta.key;
    if (draft.resources.find<resource::BackendTlsPolicy>(key.ns, key.name) == nullptr) {
      addPolicy(draft, closed(*refused));
    }
  }
}

std::shared_ptr<const upstream::TlsSettings> findTlsPolicy(
    const Draft& draft, const resource::ObjectKey& target, std::string_view section
) {
  const auto found = draft.tls_winners.find({target, std::string(section)});
  if (found != draft.tls_winners.end()) {
    return draft.tls_policies[found->second].settings;
  }
  return section.empty() && draft.tls_closed.contains(target) ? trustNothing() : nullptr;
}

resource::PolicyStatus reportTlsPolicy(const Draft& draft, const TlsPolicyDraft& policy) {
  // In the order in which the Gateways are found.
  std::vector<std::pair<const GatewayDraft*, std::vector<const TlsTargetDraft*>>> gateways;
  for (const TlsTargetDraft& target : policy.targets) {
    for (const GatewayDraft* gateway : gatewaysMeaning(draft, target.object)) {
      auto place = std::ranges::find(gateways, gateway, [](const auto& one) { return one.first; });
      if (place == gateways.end()) {
        place = gateways.insert(place, {gateway, {}});
      }
      place->second.push_back(&target);
    }
  }
  resource::PolicyStatus status;
  for (const auto& [gateway, used] : gateways) {
    if (status.ancestors.size() < kMaxAncestors) {
      status.ancestors.push_back(ancestorOf(draft, *gateway, policy, used));
    }
  }
  return status;
}

}  // namespace gatehouse::compile
