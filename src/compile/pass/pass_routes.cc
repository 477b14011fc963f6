// Attachment of HTTPRoutes to listeners (resources.md 3.3): candidates by sectionName and port,
// then allowedRoutes, then hostnames.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "compile/passes.h"
#include "resource/nearest.h"
#include "snapshot/route_match.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

/// Labels of a namespace; one without manifest has only its name.
resource::StringMap labelsOf(const resource::ResourceSet& resources, const std::string& ns) {
  resource::StringMap labels;
  if (const auto* object = resources.find<resource::Namespace>("", ns); object != nullptr) {
    labels = object->meta.labels;
  }
  labels.emplace("kubernetes.io/metadata.name", ns);
  return labels;
}

bool admitsNamespace(
    const Draft& draft,
    const resource::AllowedNamespaces& allowed,
    const std::string& own,
    const std::string& theirs
) {
  switch (allowed.from) {
    case resource::NamespacesFrom::kAll:
      return true;
    case resource::NamespacesFrom::kSame:
      return own == theirs;
    case resource::NamespacesFrom::kSelector:
      return allowed.selector.matches(labelsOf(draft.resources, theirs));
    case resource::NamespacesFrom::kNone:
      return false;
  }
  return false;
}

/// The more specific of two hostnames if one takes the other, else nothing.
std::optional<std::string> meet(const std::string& a, const std::string& b) {
  if (a == b || b.empty()) {
    return a;
  }
  if (a.empty() || snapshot::hostMatches(a, b)) {
    return b;
  }
  if (snapshot::hostMatches(b, a)) {
    return a;
  }
  return std::nullopt;
}

std::vector<std::string> hostnamesFor(
    const resource::HttpRoute& route, const resource::Listener& listener
) {
  if (route.hostnames.empty()) {
    return {listener.hostname};
  }
  std::vector<std::string> both;
  for (const std::string& hostname : route.hostnames) {
    auto name = meet(hostname, listener.hostname);
    if (name && std::ranges::find(both, *name) == both.end()) {
      both.push_back(*std::move(name));
    }
  }
  return both;
}

class RouteAttacher {
 public:
  RouteAttacher(Draft& draft, const resource::HttpRoute& route) : draft_(draft), route_(route) {}

  RouteDraft attach() {
    RouteDraft result;
    result.resource = &route_;
    for (std::size_t i = 0; i < route_.parent_refs.size(); ++i) {
      if (auto parent = attachTo(route_.parent_refs[i], fmt::format("spec.parentRefs[{}]", i))) {
        result.parents.push_back(*std::move(parent));
      }
    }
    return result;
  }

 private:
  std::optional<ParentDraft> attachTo(const resource::ParentRef& ref, const std::string& field) {
    if (ref.group != resource::kGatewayGroup || ref.kind != resource::Gateway::kKind) {
      draft_.find(
          Severity::kInfo,
          route_.meta,
          field,
          fmt::format("parents of kind {} are not served; ignored", ref.kind)
      );
      return std::nullopt;
    }
    GatewayDraft* gateway = draft_.findGateway(ref.ns, ref.name);
    if (gateway == nullptr) {
      noteNoGateway(ref, field);
      return std::nullopt;
    }
    ParentDraft parent;
    parent.ref = &ref;
    parent.gateway = gateway;
    narrow(parent, field);
    return parent;
  }

  void noteNoGateway(const resource::ParentRef& ref, const std::string& field) {
    if (draft_.resources.find<resource::Gateway>(ref.ns, ref.name) != nullptr) {
      draft_.find(
          Severity::kInfo,
          route_.meta,
          field,
          fmt::format("Gateway {}/{} is not ours; ignored", ref.ns, ref.name)
      );
      return;
    }
    if (draft_.resources.refused(
            {std::string(resource::kGatewayGroup),
             std::string(resource::Gateway::kKind),
             ref.ns,
             ref.name}
        )) {
      draft_.find(
          Severity::kInfo,
          route_.meta,
          field + ".name",
          fmt::format("Gateway {}/{} has errors of its own", ref.ns, ref.name)
      );
      return;
    }
    const auto names = namesIn<resource::Gateway>(draft_.resources, ref.ns);
    draft_.find(
        Severity::kError,
        route_.meta,
        field + ".name",
        fmt::format(
            "Gateway {}/{} not found{}", ref.ns, ref.name, resource::didYouMean(ref.name, names)
        )
    );
  }

  /// Fills in the listeners that take the route, or why none does.
  void narrow(ParentDraft& parent, const std::string& field) {
    std::vector<ListenerDraft*> candidates = named(parent);
    if (candidates.empty()) {
      refuse(parent, field, noParent(parent));
      return;
    }
    const bool faulty = std::ranges::all_of(candidates, hasOwnFault);
    std::erase_if(candidates, [&](const ListenerDraft* listener) {
      return !admits(*parent.gateway, *listener);
    });
    if (candidates.empty()) {
      refuse(
          parent, field, notAllowed(parent, faulty), faulty ? Severity::kInfo : Severity::kError
      );
      return;
    }
    for (ListenerDraft* listener : candidates) {
      auto hostnames = hostnamesFor(route_, *listener->spec);
      if (!hostnames.empty()) {
        parent.attachments.push_back({listener, std::move(hostnames)});
      }
    }
    if (parent.attachments.empty()) {
      refuse(
          parent,
          field,
          Problem{
              std::string(resource::reason::kNoMatchingListenerHostname),
              fmt::format(
                  "no hostname of the route meets a listener of Gateway {}", parent.gateway->name()
              )
          }
      );
    }
  }

  static std::vector<ListenerDraft*> named(const ParentDraft& parent) {
    std::vector<ListenerDraft*> found;
    for (ListenerDraft& listener : parent.gateway->listeners) {
      const auto& ref = *parent.ref;
      if ((!ref.section_name || *ref.section_name == listener.spec->name) &&
          (!ref.port || *ref.port == listener.spec->port)) {
        found.push_back(&listener);
      }
    }
    return found;
  }

  bool admits(const GatewayDraft& gateway, const ListenerDraft& listener) const {
    const auto& namespaces = listener.spec->allowed_routes.namespaces;
    return !listener.supported_kinds.empty() &&
           admitsNamespace(draft_, namespaces, gateway.resource->meta.key.ns, route_.meta.key.ns);
  }

  /// Takes no route at all, which is told of the listener itself.
  static bool hasOwnFault(const ListenerDraft* listener) {
    return listener->supported_kinds.empty() && (listener->not_accepted || listener->unresolved);
  }

  Problem notAllowed(const ParentDraft& parent, bool faulty) const {
    const std::string gateway = parent.gateway->name();
    return {
        std::string(resource::reason::kNotAllowedByListeners),
        faulty ? fmt::format(
                     "the listeners of Gateway {} it asks for have errors of their own", gateway
                 )
               : fmt::format(
                     "no listener of Gateway {} allows HTTPRoutes from namespace {}",
                     gateway,
                     route_.meta.key.ns
                 )
    };
  }

  static Problem noParent(const ParentDraft& parent) {
    std::vector<std::string_view> names;
    for (const ListenerDraft& listener : parent.gateway->listeners) {
      names.push_back(listener.spec->name);
    }
    const auto& ref = *parent.ref;
    Problem problem{.reason = std::string(resource::reason::kNoMatchingParent), .message = {}};
    if (ref.section_name && std::ranges::find(names, *ref.section_name) == names.end()) {
      problem.message = fmt::format(
          "sectionName \"{}\" not found in Gateway {}", *ref.section_name, parent.gateway->name()
      );
      problem.hint = resource::didYouMean(*ref.section_name, names);
      problem.field = ".sectionName";
    } else {
      problem.message = fmt::format(
          "Gateway {} has no listener{} on port {}",
          parent.gateway->name(),
          ref.section_name ? fmt::format(" \"{}\"", *ref.section_name) : "",
          ref.port.value_or(0)
      );
      problem.field = ".port";
    }
    return problem;
  }

  void refuse(
      ParentDraft& parent,
      const std::string& field,
      Problem problem,
      Severity severity = Severity::kError
  ) {
    draft_.find(severity, route_.meta, field + problem.field, problem.message + problem.hint);
    parent.not_accepted = std::move(problem);
  }

  Draft& draft_;
  const resource::HttpRoute& route_;
};

}  // namespace

void passRoutes(Draft& draft) {
  for (const auto& route : draft.resources.all<resource::HttpRoute>()) {
    draft.routes.push_back(RouteAttacher(draft, *route).attach());
  }
  for (const auto& listener_set : draft.resources.all<resource::ListenerSet>()) {
    draft.find(
        Severity::kWarning,
        listener_set->meta,
        "spec",
        "ListenerSets are not supported yet; ignored"
    );
    resource::PlainStatus status;
    status.conditions.push_back(draft.condition(
        listener_set->meta,
        resource::condition::kAccepted,
        false,
        resource::reason::kNotAllowed,
        "ListenerSets are not supported yet"
    ));
    draft.report.objects.emplace(listener_set->meta.key, std::move(status));
  }
}

}  // namespace gatehouse::compile
