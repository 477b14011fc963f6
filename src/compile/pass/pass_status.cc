// Conditions of routes and backends from what the passes found (resources.md 3.8); those of
// Gateways are gateway_status.cc's.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "compile/conditions.h"
#include "compile/gateway_status.h"
#include "compile/passes.h"
#include "compile/report.h"

namespace gatehouse::compile {
namespace {

namespace type = resource::condition;
namespace reason = resource::reason;
namespace message = resource::message;

/// "Dropped Rule" and why, or empty if every rule is served as written.
std::string describeDropped(const RouteDraft& route) {
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < route.rules.size(); ++i) {
    if (!route.rules[i].problems.empty()) {
      sentences.push_back(fmt::format("{}: {}", i, join(route.rules[i].problems)));
    }
  }
  return sentences.empty() ? "" : "Dropped Rule " + join(sentences);
}

/// By route, why its newest state is not served.
using Refusals = std::map<resource::ObjectKey, std::string_view>;

void reportRoute(Draft& draft, const RouteDraft& route, const Refusals& refusals) {
  resource::RouteStatus status;
  const std::string dropped = describeDropped(route);
  std::string accepted = draft.withInactive(route.resource->meta, message::kRouteAccepted);
  if (const auto refused = refusals.find(route.resource->meta.key); refused != refusals.end()) {
    accepted += fmt::format(
        "; its newest state has errors, and the one before is served: {}", refused->second
    );
  }
  for (const ParentDraft& parent : route.parents) {
    Conditions conditions(draft, route.resource->meta);
    const std::string shadowed = parent.shadowed.empty() ? "" : "; " + join(parent.shadowed);
    conditions.unless(parent.not_accepted, type::kAccepted, reason::kAccepted, accepted + shadowed);
    conditions.unless(
        route.unresolved, type::kResolvedRefs, reason::kResolvedRefs, message::kRefsResolved
    );
    if (!parent.not_accepted && !dropped.empty()) {
      conditions.good(type::kPartiallyInvalid, reason::kUnsupportedValue, dropped);
    }
    status.parents.push_back(resource::RouteParentStatus{
        .parent_ref = *parent.ref,
        .controller_name = parent.gateway->controller,
        .conditions = conditions.take(),
    });
  }
  draft.report.objects.emplace(route.resource->meta.key, std::move(status));
}

/// Whose listeners a route asks for; null where they are not ours.
const GatewayDraft* gatewayOf(Draft& draft, const resource::ParentRef& ref) {
  if (ref.group != resource::kGatewayGroup) {
    return nullptr;
  }
  if (ref.kind == resource::Gateway::kKind) {
    return draft.findGateway(ref.ns, ref.name);
  }
  const bool set = ref.kind == resource::ListenerSet::kKind;
  const ListenerSetDraft* found = set ? draft.findListenerSet(ref.ns, ref.name) : nullptr;
  return found == nullptr ? nullptr : found->gateway;
}

/// A route with errors of its own is served by nobody, and each of its parents says why.
void reportRefused(Draft& draft, const resource::RefusedRoute& refused) {
  resource::RouteStatus status;
  const resource::ObjectMeta& meta = refused.route->meta;
  for (const resource::ParentRef& ref : refused.route->parent_refs) {
    if (const GatewayDraft* gateway = gatewayOf(draft, ref)) {
      Conditions conditions(draft, meta);
      conditions.bad(type::kAccepted, reason::kUnsupportedValue, refused.why);
      status.parents.push_back(resource::RouteParentStatus{
          .parent_ref = ref,
          .controller_name = gateway->controller,
          .conditions = conditions.take(),
      });
    }
  }
  draft.report.objects.emplace(meta.key, std::move(status));
}

void countAttached(const RouteDraft& route) {
  std::set<ListenerDraft*> listeners;
  for (const ParentDraft& parent : route.parents) {
    for (const Attachment& attachment : parent.attachments) {
      if (!parent.not_accepted) {
        listeners.insert(attachment.listener);
      }
    }
  }
  for (ListenerDraft* listener : listeners) {
    ++listener->attached_routes;
  }
}

void reportBackend(
    Draft& draft, const resource::AgentgatewayBackend& backend, const BackendDraft& made
) {
  Conditions conditions(draft, backend.meta);
  if (made.problems.empty()) {
    conditions.good(
        type::kAccepted,
        reason::kAccepted,
        draft.withInactive(backend.meta, message::kBackendAccepted)
    );
  } else {
    conditions.bad(
        type::kAccepted,
        reason::kTranslationError,
        draft.withInactive(backend.meta, "failed to translate backend: " + join(made.problems))
    );
  }
  draft.report.objects.emplace(
      backend.meta.key, resource::PlainStatus{.conditions = conditions.take()}
  );
}

}  // namespace

void passStatus(Draft& draft) {
  Refusals refusals;
  for (const resource::RefusedRoute& refused : draft.resources.refusedRoutes()) {
    refusals.emplace(refused.route->meta.key, refused.why);
  }
  for (const RouteDraft& route : draft.routes) {
    countAttached(route);
    reportRoute(draft, route, refusals);
    refusals.erase(route.resource->meta.key);
  }
  for (const resource::RefusedRoute& refused : draft.resources.refusedRoutes()) {
    if (refusals.contains(refused.route->meta.key)) {
      reportRefused(draft, refused);
    }
  }
  for (const GatewayDraft& gateway : draft.gateways) {
    reportGateway(draft, gateway);
  }
  for (const ListenerSetDraft& set : draft.listener_sets) {
    reportListenerSet(draft, set);
  }
  for (const auto& backend : draft.resources.all<resource::AgentgatewayBackend>()) {
    reportBackend(draft, *backend, draft.backends.at(backend.get()));
  }
}

}  // namespace gatehouse::compile
