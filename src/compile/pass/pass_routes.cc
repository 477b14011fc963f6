// Attachment of HTTPRoutes to listeners (resources.md 3.3): candidates by sectionName and port,
// then allowedRoutes, then hostnames.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "compile/admission.h"
#include "compile/passes.h"
#include "resource/nearest.h"
#include "snapshot/route_match.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

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
    const bool set = ref.kind == resource::ListenerSet::kKind;
    if (ref.group != resource::kGatewayGroup || (!set && ref.kind != resource::Gateway::kKind)) {
      draft_.find(
          Severity::kInfo,
          route_.meta,
          field,
          fmt::format("parents of kind {} are not served; ignored", ref.kind)
      );
      return std::nullopt;
    }
    ParentDraft parent;
    parent.ref = &ref;
    parent.set = set ? draft_.findListenerSet(ref.ns, ref.name) : nullptr;
    parent.gateway = !set                    ? draft_.findGateway(ref.ns, ref.name)
                     : parent.set != nullptr ? parent.set->gateway
                                             : nullptr;
    if (parent.gateway == nullptr) {
      if (set) {
        noteMissing<resource::ListenerSet>(ref, field);
      } else {
        noteMissing<resource::Gateway>(ref, field);
      }
      return std::nullopt;
    }
    narrow(parent, field);
    return parent;
  }

  /// Of a parent that is not there, or not ours.
  template <typename T>
  void noteMissing(const resource::ParentRef& ref, const std::string& field) {
    const resource::ObjectKey key{ref.group, ref.kind, ref.ns, ref.name};
    const std::string name = resource::toString(key);
    if (draft_.resources.find<T>(ref.ns, ref.name) != nullptr) {
      draft_.find(Severity::kInfo, route_.meta, field, name + " is not ours; ignored");
      return;
    }
    if (draft_.resources.refused(key)) {
      draft_.find(Severity::kInfo, route_.meta, field + ".name", name + " has errors of its own");
      return;
    }
    const auto names = namesIn<T>(draft_.resources, ref.ns);
    draft_.find(
        Severity::kError,
        route_.meta,
        field + ".name",
        name + " not found" + resource::didYouMean(ref.name, names)
    );
  }

  /// Fills in the listeners that take the route, or why none does.
  void narrow(ParentDraft& parent, const std::string& field) {
    if (parent.set != nullptr && parent.set->not_accepted) {
      refuse(parent, field, notTaken(parent), Severity::kInfo);
      return;
    }
    std::vector<ListenerDraft*> candidates = named(parent);
    if (candidates.empty()) {
      refuse(parent, field, noParent(parent));
      return;
    }
    const bool faulty = std::ranges::all_of(candidates, hasOwnFault);
    std::erase_if(candidates, [&](const ListenerDraft* listener) { return !admits(*listener); });
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
              fmt::format("no hostname of the route meets a listener of {}", parent.name())
          }
      );
    }
  }

  static std::vector<ListenerDraft*> named(const ParentDraft& parent) {
    std::vector<ListenerDraft*> found;
    for (ListenerDraft& listener : parent.gateway->listeners) {
      const auto& ref = *parent.ref;
      if (isOf(parent, listener) &&
          (!ref.section_name || *ref.section_name == listener.spec->name) &&
          (!ref.port || *ref.port == listener.spec->port)) {
        found.push_back(&listener);
      }
    }
    return found;
  }

  /// A Gateway does not stand for its ListenerSets, nor one of these for another.
  static bool isOf(const ParentDraft& parent, const ListenerDraft& listener) {
    return listener.set == (parent.set == nullptr ? nullptr : parent.set->resource);
  }

  bool admits(const ListenerDraft& listener) const {
    return !listener.supported_kinds.empty() && admitsNamespace(
                                                    draft_.resources,
                                                    listener.spec->allowed_routes.namespaces,
                                                    listener.owner->key.ns,
                                                    route_.meta.key.ns
                                                );
  }

  /// Takes no route at all, which is told of the listener itself.
  static bool hasOwnFault(const ListenerDraft* listener) {
    return listener->supported_kinds.empty() && (listener->not_accepted || listener->unresolved);
  }

  Problem notAllowed(const ParentDraft& parent, bool faulty) const {
    const std::string owner = parent.name();
    return {
        std::string(resource::reason::kNotAllowedByListeners),
        faulty
            ? fmt::format("the listeners of {} it asks for have errors of their own", owner)
            : fmt::format(
                  "no listener of {} allows HTTPRoutes from namespace {}", owner, route_.meta.key.ns
              )
    };
  }

  static Problem notTaken(const ParentDraft& parent) {
    return {
        std::string(resource::reason::kNoMatchingParent),
        fmt::format("{} has no listeners: {}", parent.name(), parent.set->not_accepted->message)
    };
  }

  static Problem noParent(const ParentDraft& parent) {
    std::vector<std::string_view> names;
    for (const ListenerDraft& listener : parent.gateway->listeners) {
      if (isOf(parent, listener)) {
        names.push_back(listener.spec->name);
      }
    }
    const auto& ref = *parent.ref;
    Problem problem{.reason = std::string(resource::reason::kNoMatchingParent), .message = {}};
    if (ref.section_name && std::ranges::find(names, *ref.section_name) == names.end()) {
      problem.message =
          fmt::format("sectionName \"{}\" not found in {}", *ref.section_name, parent.name());
      problem.hint = resource::didYouMean(*ref.section_name, names);
      problem.field = ".sectionName";
    } else {
      problem.message = fmt::format(
          "{} has no listener{} on port {}",
          parent.name(),
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
}

}  // namespace gatehouse::compile
