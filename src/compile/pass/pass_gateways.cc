// GatewayClasses and Gateways that are ours (resources.md 3.1, 3.2).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compile/features.h"
#include "compile/passes.h"
#include "resource/nearest.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

constexpr std::array<std::string_view, 3> kClassNames{
    "agentgateway", "enterprise-agentgateway", "gatehouse"
};
constexpr std::array<std::string_view, 2> kControllerNames{
    kControllerName, "agentgateway.dev/agentgateway"
};

/// Whose schemas are those of resource/schema.
constexpr std::string_view kGatewayApiVersion = "v1.6.1";

template <typename Names>
bool holds(const Names& names, std::string_view wanted) {
  return std::ranges::find(names, wanted) != std::ranges::end(names);
}

bool isOurController(const Draft& draft, std::string_view name) {
  return holds(kControllerNames, name) || holds(draft.options.controller_names, name);
}

bool isOurClassName(const Draft& draft, std::string_view name) {
  return draft.options.standalone && holds(kClassNames, name);
}

bool exists(const resource::ResourceSet& resources, const resource::ObjectRef& ref) {
  return std::ranges::any_of(resources.all<resource::OpaqueObject>(), [&](const auto& object) {
    const resource::ObjectKey& key = object->meta.key;
    return key.group == ref.group && key.kind == ref.kind && key.name == ref.name &&
           (ref.ns.empty() || key.ns == ref.ns);
  });
}

/// What is wrong with a parametersRef, if anything is.
std::optional<Problem> checkParameters(
    const Draft& draft, const std::optional<resource::ObjectRef>& ref
) {
  if (!ref) {
    return std::nullopt;
  }
  const bool known_kind =
      (ref->group == resource::kAgentgatewayGroup && ref->kind == "AgentgatewayParameters") ||
      (ref->group == resource::kEnterpriseGroup && ref->kind == "EnterpriseAgentgatewayParameters");
  if (!known_kind) {
    return Problem{
        std::string(resource::reason::kInvalidParameters),
        fmt::format(
            "parametersRef of kind {} in group \"{}\" is not supported", ref->kind, ref->group
        )
    };
  }
  if (!exists(draft.resources, *ref)) {
    return Problem{
        std::string(resource::reason::kInvalidParameters),
        fmt::format("{} not found", resource::toString(keyOf(*ref)))
    };
  }
  return std::nullopt;
}

void reportClass(Draft& draft, const resource::GatewayClass& gateway_class) {
  const resource::ObjectMeta& meta = gateway_class.meta;
  if (!isOurController(draft, gateway_class.controller_name) &&
      !isOurClassName(draft, meta.key.name)) {
    draft.find(Severity::kInfo, meta, "spec.controllerName", "not ours; ignored");
    return;
  }
  resource::GatewayClassStatus status;
  if (const auto problem = checkParameters(draft, gateway_class.parameters_ref)) {
    draft.find(Severity::kError, meta, "spec.parametersRef", problem->message);
    status.conditions.push_back(draft.condition(
        meta, resource::condition::kAccepted, false, problem->reason, problem->message
    ));
  } else {
    status.conditions.push_back(draft.condition(
        meta,
        resource::condition::kAccepted,
        true,
        resource::reason::kAccepted,
        "Successfully accepted GatewayClass"
    ));
    const auto features = supportedFeatures();
    status.supported_features.assign(features.begin(), features.end());
  }
  if (draft.options.standalone) {
    status.conditions.push_back(draft.condition(
        meta,
        resource::condition::kSupportedVersion,
        true,
        resource::reason::kSupportedVersion,
        fmt::format("no CRDs are needed: Gateway API {} is built in", kGatewayApiVersion)
    ));
  }
  draft.report.objects.emplace(meta.key, std::move(status));
}

/// Says why a Gateway is left alone; loudly if its class name looks like a slip of the pen.
void noteForeign(Draft& draft, const resource::Gateway& gateway) {
  const std::string& name = gateway.gateway_class_name;
  const bool declared = draft.resources.find<resource::GatewayClass>("", name) != nullptr;
  const std::string hint = declared ? "" : resource::didYouMean(name, kClassNames);
  draft.find(
      hint.empty() ? Severity::kInfo : Severity::kWarning,
      gateway.meta,
      "spec.gatewayClassName",
      fmt::format("GatewayClass \"{}\" is not ours; Gateway ignored{}", name, hint)
  );
}

/// The controllerName to write for a Gateway of that class, or nothing if it is not ours.
std::optional<std::string> controllerFor(const Draft& draft, std::string_view class_name) {
  const auto* declared = draft.resources.find<resource::GatewayClass>("", class_name);
  if (declared != nullptr && isOurController(draft, declared->controller_name)) {
    return declared->controller_name;
  }
  if (isOurClassName(draft, class_name)) {
    return std::string(kControllerName);
  }
  return std::nullopt;
}

}  // namespace

void passGateways(Draft& draft) {
  for (const auto& gateway_class : draft.resources.all<resource::GatewayClass>()) {
    reportClass(draft, *gateway_class);
  }
  for (const auto& gateway : draft.resources.all<resource::Gateway>()) {
    auto controller = controllerFor(draft, gateway->gateway_class_name);
    if (!controller) {
      noteForeign(draft, *gateway);
      continue;
    }
    GatewayDraft& next = draft.gateways.emplace_back();
    next.resource = gateway.get();
    next.controller = *std::move(controller);
    next.not_accepted = checkParameters(draft, gateway->infrastructure.parameters_ref);
    if (next.not_accepted) {
      draft.find(
          Severity::kError,
          gateway->meta,
          "spec.infrastructure.parametersRef",
          next.not_accepted->message
      );
    }
    for (std::size_t i = 0; i < gateway->listeners.size(); ++i) {
      ListenerDraft& listener = next.listeners.emplace_back();
      listener.spec = &gateway->listeners[i];
      listener.owner = &gateway->meta;
      listener.index = i;
    }
  }
}

}  // namespace gatehouse::compile
