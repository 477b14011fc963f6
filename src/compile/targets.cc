#include "compile/targets.h"

#include <algorithm>
#include <concepts>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "resource/nearest.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

bool carries(const resource::StringMap& labels, const resource::StringMap& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    const std::string* value = resource::findString(labels, label.first);
    return value != nullptr && *value == label.second;
  });
}

template <typename T>
  requires std::same_as<T, resource::Gateway> || std::same_as<T, resource::ListenerSet>
std::vector<std::string_view> sectionsOf(const T& owner) {
  std::vector<std::string_view> names;
  for (const resource::Listener& listener : owner.listeners) {
    names.push_back(listener.name);
  }
  return names;
}

std::vector<std::string_view> sectionsOf(const resource::HttpRoute& route) {
  std::vector<std::string_view> names;
  for (const resource::HttpRouteRule& rule : route.rules) {
    names.push_back(rule.name);
  }
  return names;
}

std::vector<std::string_view> sectionsOf(const resource::AgentgatewayBackend& backend) {
  return providerNames(backend);
}

void addOnce(std::vector<const GatewayDraft*>& gateways, const GatewayDraft& gateway) {
  if (std::ranges::find(gateways, &gateway) == gateways.end()) {
    gateways.push_back(&gateway);
  }
}

void addParents(std::vector<const GatewayDraft*>& gateways, const RouteDraft& route) {
  for (const ParentDraft& parent : route.parents) {
    if (!parent.attachments.empty()) {
      addOnce(gateways, *parent.gateway);
    }
  }
}

class TargetResolver {
 public:
  TargetResolver(Draft& draft, const resource::AgentgatewayPolicy& policy)
      : draft_(draft), policy_(policy) {}

  Reach resolve() {
    for (std::size_t i = 0; i < policy_.target_refs.size(); ++i) {
      follow(policy_.target_refs[i], fmt::format("spec.targetRefs[{}]", i));
    }
    for (std::size_t i = 0; i < policy_.target_selectors.size(); ++i) {
      select(policy_.target_selectors[i], fmt::format("spec.targetSelectors[{}]", i));
    }
    return std::move(reach_);
  }

 private:
  const std::string& ns() const { return policy_.meta.key.ns; }

  void follow(const resource::PolicyTargetRef& ref, const std::string& field) {
    if (ref.kind == resource::Gateway::kKind) {
      followTo<resource::Gateway>(ref, field);
    } else if (ref.kind == resource::ListenerSet::kKind) {
      followTo<resource::ListenerSet>(ref, field);
    } else if (ref.kind == resource::HttpRoute::kKind) {
      followTo<resource::HttpRoute>(ref, field);
    } else if (ref.kind == resource::AgentgatewayBackend::kKind) {
      followTo<resource::AgentgatewayBackend>(ref, field);
    } else if (ref.kind == resource::Service::kKind) {
      followTo<resource::Service>(ref, field);
    } else {
      miss(field + ".kind", fmt::format("targets of kind {} are not supported yet", ref.kind), "");
    }
  }

  template <typename T>
  void followTo(const resource::PolicyTargetRef& ref, const std::string& field) {
    const T* target = draft_.resources.find<T>(ns(), ref.name);
    if (target == nullptr) {
      const auto names = namesIn<T>(draft_.resources, ns());
      miss(
          field + ".name",
          fmt::format("{} {}/{} not found", T::kKind, ns(), ref.name),
          resource::didYouMean(ref.name, names)
      );
      return;
    }
    if (ref.section_name && !hasSection(*target, *ref.section_name)) {
      miss(
          field + ".sectionName",
          fmt::format(
              "sectionName \"{}\" not found in {} {}/{}",
              *ref.section_name,
              T::kKind,
              ns(),
              ref.name
          ),
          suggestSection(*target, *ref.section_name)
      );
      return;
    }
    if (ref.port && !hasPort(*target, *ref.port)) {
      miss(
          field + ".port",
          fmt::format("port {} not found in {} {}/{}", *ref.port, T::kKind, ns(), ref.name),
          ""
      );
      return;
    }
    reachFrom(*target);
  }

  /// Only Gateways are reached by port.
  static bool hasPort(const auto& /*target*/, std::uint16_t /*port*/) { return true; }
  /// Those of its ListenerSets count.
  bool hasPort(const resource::Gateway& gateway, std::uint16_t port) const {
    const auto* draft = draft_.findGateway(gateway.meta.key.ns, gateway.meta.key.name);
    if (draft == nullptr) {
      return std::ranges::find(gateway.listeners, port, &resource::Listener::port) !=
             gateway.listeners.end();
    }
    return std::ranges::any_of(draft->listeners, [port](const ListenerDraft& listener) {
      return listener.spec->port == port;
    });
  }

  template <typename T>
  bool hasSection(const T& target, std::string_view name) const {
    const auto names = sectionsOf(target);
    return std::ranges::find(names, name) != names.end();
  }
  bool hasSection(const resource::Service& service, std::string_view name) const {
    const auto port = parseUnsigned(name, 65535);
    return port && std::ranges::find(service.ports, *port, &resource::ServicePort::port) !=
                       service.ports.end();
  }

  template <typename T>
  std::string suggestSection(const T& target, std::string_view name) const {
    return resource::didYouMean(name, sectionsOf(target));
  }
  std::string suggestSection(const resource::Service&, std::string_view) const { return ""; }

  void select(const resource::PolicyTargetSelector& selector, const std::string& field) {
    std::size_t found = 0;
    if (selector.kind == resource::Gateway::kKind) {
      found = reachAll<resource::Gateway>(selector.match_labels);
    } else if (selector.kind == resource::ListenerSet::kKind) {
      found = reachAll<resource::ListenerSet>(selector.match_labels);
    } else if (selector.kind == resource::HttpRoute::kKind) {
      found = reachAll<resource::HttpRoute>(selector.match_labels);
    } else if (selector.kind == resource::AgentgatewayBackend::kKind) {
      found = reachAll<resource::AgentgatewayBackend>(selector.match_labels);
    } else if (selector.kind == resource::Service::kKind) {
      found = reachAll<resource::Service>(selector.match_labels);
    }
    if (found == 0) {
      reach_.missing.push_back(
          fmt::format("no {} in namespace {} has the labels of {}", selector.kind, ns(), field)
      );
    }
  }

  template <typename T>
  std::size_t reachAll(const resource::StringMap& labels) {
    std::size_t found = 0;
    for (const auto& object : draft_.resources.all<T>()) {
      if (object->meta.key.ns == ns() && carries(object->meta.labels, labels)) {
        reachFrom(*object);
        ++found;
      }
    }
    return found;
  }

  void reachFrom(const resource::Gateway& gateway) {
    if (const auto* draft = draft_.findGateway(gateway.meta.key.ns, gateway.meta.key.name)) {
      add(*draft);
    }
  }

  void reachFrom(const resource::ListenerSet& wanted) {
    const auto* set = draft_.findListenerSet(wanted.meta.key.ns, wanted.meta.key.name);
    if (set != nullptr && !set->not_accepted) {
      add(*set->gateway);
    }
  }

  void reachFrom(const resource::HttpRoute& wanted) {
    for (const RouteDraft& route : draft_.routes) {
      if (route.resource == &wanted) {
        addParents(reach_.gateways, route);
      }
    }
  }

  template <typename T>
  void reachFrom(const T& backend) {
    for (const GatewayDraft* gateway : gatewaysUsing(draft_, backend.meta.key)) {
      add(*gateway);
    }
  }

  void add(const GatewayDraft& gateway) { addOnce(reach_.gateways, gateway); }

  void miss(std::string field, std::string message, const std::string& hint) {
    draft_.find(Severity::kError, policy_.meta, std::move(field), message + hint);
    reach_.missing.push_back(std::move(message));
  }

  Draft& draft_;
  const resource::AgentgatewayPolicy& policy_;
  Reach reach_;
};

}  // namespace

std::vector<std::string_view> providerNames(const resource::AgentgatewayBackend& backend) {
  std::vector<std::string_view> names;
  if (const auto* ai = std::get_if<resource::AiBackend>(&backend.target)) {
    for (const resource::PriorityGroup& group : ai->groups) {
      for (const resource::AiProvider& provider : group.providers) {
        names.push_back(provider.name);
      }
    }
  }
  return names;
}

std::vector<const GatewayDraft*> gatewaysMeaning(
    const Draft& draft, const resource::ObjectKey& backend
) {
  std::vector<const GatewayDraft*> gateways;
  for (const RouteDraft& route : draft.routes) {
    if (std::ranges::find(route.backends, backend) != route.backends.end() ||
        std::ranges::find(route.absent, backend) != route.absent.end()) {
      addParents(gateways, route);
    }
  }
  return gateways;
}

std::vector<const GatewayDraft*> gatewaysUsing(
    const Draft& draft, const resource::ObjectKey& backend
) {
  std::vector<const GatewayDraft*> gateways;
  for (const RouteDraft& route : draft.routes) {
    if (std::ranges::find(route.backends, backend) != route.backends.end()) {
      addParents(gateways, route);
    }
  }
  return gateways;
}

std::vector<GatewayTarget> gatewayTargets(
    Draft& draft, const resource::AgentgatewayPolicy& policy
) {
  std::vector<GatewayTarget> targets;
  for (const resource::PolicyTargetRef& ref : policy.target_refs) {
    GatewayDraft* gateway = draft.findGateway(policy.meta.key.ns, ref.name);
    if (ref.kind == resource::Gateway::kKind && gateway != nullptr) {
      targets.push_back({gateway, ref.port});
    }
  }
  for (const resource::PolicyTargetSelector& selector : policy.target_selectors) {
    for (GatewayDraft& gateway : draft.gateways) {
      const resource::ObjectMeta& meta = gateway.resource->meta;
      if (selector.kind == resource::Gateway::kKind && meta.key.ns == policy.meta.key.ns &&
          carries(meta.labels, selector.match_labels)) {
        targets.push_back({&gateway, selector.port});
      }
    }
  }
  return targets;
}

std::vector<TrafficTarget> trafficTargets(
    const Draft& draft, const resource::AgentgatewayPolicy& policy
) {
  std::vector<TrafficTarget> targets;
  const std::string& ns = policy.meta.key.ns;
  for (const resource::PolicyTargetRef& ref : policy.target_refs) {
    TrafficTarget target{.section = ref.section_name.value_or("")};
    if (ref.kind == resource::Gateway::kKind) {
      target.gateway = draft.resources.find<resource::Gateway>(ns, ref.name);
    } else if (ref.kind == resource::ListenerSet::kKind) {
      target.set = draft.resources.find<resource::ListenerSet>(ns, ref.name);
    } else if (ref.kind == resource::HttpRoute::kKind) {
      target.route = draft.resources.find<resource::HttpRoute>(ns, ref.name);
    }
    targets.push_back(std::move(target));
  }
  const auto select = [&]<typename T>(
                          const resource::PolicyTargetSelector& selector,
                          const T* TrafficTarget::* kind
                      ) {
    for (const auto& object : draft.resources.all<T>()) {
      if (selector.kind == T::kKind && object->meta.key.ns == ns &&
          carries(object->meta.labels, selector.match_labels)) {
        TrafficTarget& target = targets.emplace_back();
        target.*kind = object.get();
        target.section = selector.section_name.value_or("");
      }
    }
  };
  for (const resource::PolicyTargetSelector& selector : policy.target_selectors) {
    select(selector, &TrafficTarget::gateway);
    select(selector, &TrafficTarget::set);
    select(selector, &TrafficTarget::route);
  }
  std::erase_if(targets, [](const TrafficTarget& target) {
    return target.gateway == nullptr && target.set == nullptr && target.route == nullptr;
  });
  return targets;
}

std::vector<BackendTarget> backendTargets(
    const Draft& draft, const resource::AgentgatewayPolicy& policy
) {
  std::vector<BackendTarget> targets;
  const auto add = [&]<typename T>(const T* target, const std::optional<std::string>& section) {
    if (target != nullptr) {
      targets.push_back({.object = target->meta.key, .section = section.value_or("")});
    }
  };
  const auto select = [&]<typename T>(
                          const resource::PolicyTargetSelector& selector, const T* /*kind*/
                      ) {
    for (const auto& object : draft.resources.all<T>()) {
      if (selector.kind == T::kKind && object->meta.key.ns == policy.meta.key.ns &&
          carries(object->meta.labels, selector.match_labels)) {
        add(object.get(), selector.section_name);
      }
    }
  };
  using resource::AgentgatewayBackend;
  using resource::Service;
  for (const resource::PolicyTargetRef& ref : policy.target_refs) {
    if (ref.kind == AgentgatewayBackend::kKind) {
      add(draft.resources.find<AgentgatewayBackend>(policy.meta.key.ns, ref.name),
          ref.section_name);
    } else if (ref.kind == Service::kKind) {
      add(draft.resources.find<Service>(policy.meta.key.ns, ref.name), ref.section_name);
    }
  }
  for (const resource::PolicyTargetSelector& selector : policy.target_selectors) {
    select(selector, static_cast<const AgentgatewayBackend*>(nullptr));
    select(selector, static_cast<const Service*>(nullptr));
  }
  return targets;
}

Reach resolveTargets(Draft& draft, const resource::AgentgatewayPolicy& policy) {
  return TargetResolver(draft, policy).resolve();
}

}  // namespace gatehouse::compile
