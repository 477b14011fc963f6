// Conditions of Gateways, listeners, routes and backends from what the passes found
// (resources.md 3.8).
#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "compile/passes.h"
#include "compile/report.h"

namespace gatehouse::compile {
namespace {

namespace type = resource::condition;
namespace reason = resource::reason;
namespace message = resource::message;

/// Writes the conditions of one object.
class Conditions {
 public:
  Conditions(const Draft& draft, const resource::ObjectMeta& meta) : draft_(draft), meta_(meta) {}

  void good(std::string_view kind, std::string_view why, std::string text) {
    list_.push_back(draft_.condition(meta_, kind, true, why, std::move(text)));
  }
  void bad(std::string_view kind, std::string_view why, std::string text) {
    list_.push_back(draft_.condition(meta_, kind, false, why, std::move(text)));
  }
  /// True with `good_reason` unless there is a problem.
  void unless(
      const std::optional<Problem>& problem,
      std::string_view kind,
      std::string_view good_reason,
      std::string_view good_message
  ) {
    if (problem) {
      bad(kind, problem->reason, problem->message);
    } else {
      good(kind, good_reason, std::string(good_message));
    }
  }
  std::vector<resource::Condition> take() { return std::move(list_); }

 private:
  const Draft& draft_;
  const resource::ObjectMeta& meta_;
  std::vector<resource::Condition> list_;
};

const PortDraft* findPort(const GatewayDraft& gateway, std::uint16_t port) {
  const auto found = std::ranges::find(gateway.ports, port, &PortDraft::port);
  return found == gateway.ports.end() ? nullptr : &*found;
}

std::vector<std::string> textsOf(const PortDraft& port) {
  std::vector<std::string> texts;
  for (const BindAddress& address : port.addresses) {
    texts.push_back(toString(address));
  }
  return texts;
}

bool isProgrammed(const GatewayDraft& gateway, const ListenerDraft& listener) {
  return listener.serves() && !gateway.not_accepted && !gateway.not_programmed &&
         findPort(gateway, listener.spec->port) != nullptr;
}

resource::ListenerStatus listenerStatus(
    const Draft& draft, const GatewayDraft& gateway, const ListenerDraft& listener
) {
  Conditions conditions(draft, gateway.resource->meta);
  const auto& refusal = listener.conflict ? listener.conflict : listener.not_accepted;
  conditions.unless(refusal, type::kAccepted, reason::kAccepted, message::kNoErrors);
  if (isProgrammed(gateway, listener)) {
    const PortDraft* port = findPort(gateway, listener.spec->port);
    conditions.good(type::kProgrammed, reason::kProgrammed, listeningOn(textsOf(*port)));
  } else {
    const auto& why = refusal                  ? refusal
                      : gateway.not_accepted   ? gateway.not_accepted
                      : gateway.not_programmed ? gateway.not_programmed
                                               : listener.unresolved;
    conditions.bad(
        type::kProgrammed, reason::kInvalid, why ? why->message : "the listener is not valid"
    );
  }
  conditions.unless(
      listener.unresolved, type::kResolvedRefs, reason::kResolvedRefs, message::kNoErrors
  );
  if (listener.conflict) {
    conditions.good(type::kConflicted, listener.conflict->reason, listener.conflict->message);
  } else {
    conditions.bad(type::kConflicted, reason::kNoConflicts, std::string(message::kNoErrors));
  }
  if (!listener.overlap.empty()) {
    conditions.good(
        type::kOverlappingTlsConfig,
        reason::kOverlappingHostnames,
        fmt::format("hostnames overlap with listener \"{}\"", listener.overlap)
    );
  }
  return resource::ListenerStatus{
      .name = listener.spec->name,
      .attached_routes = listener.attached_routes,
      .supported_kinds = listener.supported_kinds,
      .conditions = conditions.take(),
  };
}

std::vector<resource::StatusAddress> addressesOf(const GatewayDraft& gateway) {
  std::set<std::string> ips;
  for (const PortDraft& port : gateway.ports) {
    for (const BindAddress& address : port.addresses) {
      ips.insert(address.ip);
    }
  }
  std::vector<resource::StatusAddress> addresses;
  if (!gateway.not_accepted && !gateway.not_programmed) {
    for (const std::string& ip : ips) {
      addresses.push_back(resource::StatusAddress{.type = "IPAddress", .value = ip});
    }
  }
  return addresses;
}

/// Why ResolvedRefs of a Gateway is False: a reference of its own, else one of a listener.
std::optional<Problem> firstUnresolved(const GatewayDraft& gateway) {
  if (gateway.unresolved) {
    return gateway.unresolved;
  }
  for (const ListenerDraft& listener : gateway.listeners) {
    if (listener.unresolved) {
      return Problem{
          std::string(reason::kListenersNotResolved),
          fmt::format("listener \"{}\": {}", listener.spec->name, listener.unresolved->message)
      };
    }
  }
  return std::nullopt;
}

bool allowsInsecureFallback(const resource::Gateway& gateway) {
  const auto allows = [](const std::optional<resource::FrontendValidation>& validation) {
    return validation && validation->allow_insecure_fallback;
  };
  return gateway.frontend_tls &&
         (allows(gateway.frontend_tls->by_default) ||
          std::ranges::any_of(
              gateway.frontend_tls->per_port, allows, &resource::FrontendTls::PerPort::validation
          ));
}

void addAccepted(const Draft& draft, const GatewayDraft& gateway, Conditions& conditions) {
  const auto accepted = [](const ListenerDraft& listener) { return listener.accepted(); };
  const resource::ObjectMeta& meta = gateway.resource->meta;
  if (gateway.not_accepted) {
    conditions.bad(type::kAccepted, gateway.not_accepted->reason, gateway.not_accepted->message);
  } else if (std::ranges::all_of(gateway.listeners, accepted)) {
    conditions.good(
        type::kAccepted, reason::kAccepted, draft.withInactive(meta, message::kGatewayAccepted)
    );
  } else if (std::ranges::any_of(gateway.listeners, accepted)) {
    conditions.good(
        type::kAccepted,
        reason::kListenersNotValid,
        draft.withInactive(meta, "some listeners are not valid")
    );
  } else {
    conditions.bad(type::kAccepted, reason::kListenersNotValid, "no listener is valid");
  }
}

void addProgrammed(const GatewayDraft& gateway, Conditions& conditions) {
  const auto programmed = [&](const ListenerDraft& listener) {
    return isProgrammed(gateway, listener);
  };
  if (gateway.not_programmed) {
    const Problem& why = *gateway.not_programmed;
    conditions.bad(type::kProgrammed, why.reason, why.message);
  } else if (gateway.not_accepted) {
    conditions.bad(type::kProgrammed, reason::kInvalid, gateway.not_accepted->message);
  } else if (std::ranges::any_of(gateway.listeners, programmed)) {
    conditions.good(
        type::kProgrammed, reason::kProgrammed, std::string(message::kGatewayProgrammed)
    );
  } else {
    conditions.bad(type::kProgrammed, reason::kInvalid, "no listener is served");
  }
}

void reportGateway(Draft& draft, const GatewayDraft& gateway) {
  Conditions conditions(draft, gateway.resource->meta);
  addAccepted(draft, gateway, conditions);
  addProgrammed(gateway, conditions);
  conditions.unless(
      firstUnresolved(gateway), type::kResolvedRefs, reason::kResolvedRefs, message::kNoErrors
  );
  if (allowsInsecureFallback(*gateway.resource)) {
    conditions.good(
        type::kInsecureFrontendValidationMode,
        reason::kConfigurationChanged,
        "mode AllowInsecureFallback lets in clients without a valid certificate"
    );
  }
  resource::GatewayStatus status;
  status.conditions = conditions.take();
  status.addresses = addressesOf(gateway);
  for (const ListenerDraft& listener : gateway.listeners) {
    status.listeners.push_back(listenerStatus(draft, gateway, listener));
  }
  draft.report.objects.emplace(gateway.resource->meta.key, std::move(status));
}

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

void reportRoute(Draft& draft, const RouteDraft& route) {
  resource::RouteStatus status;
  const std::string dropped = describeDropped(route);
  const std::string accepted = draft.withInactive(route.resource->meta, message::kRouteAccepted);
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
  for (const RouteDraft& route : draft.routes) {
    countAttached(route);
    reportRoute(draft, route);
  }
  for (const GatewayDraft& gateway : draft.gateways) {
    reportGateway(draft, gateway);
  }
  for (const auto& backend : draft.resources.all<resource::AgentgatewayBackend>()) {
    reportBackend(draft, *backend, draft.backends.at(backend.get()));
  }
}

}  // namespace gatehouse::compile
