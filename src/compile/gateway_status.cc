#include "compile/gateway_status.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "compile/conditions.h"
#include "compile/report.h"

namespace gatehouse::compile {
namespace {

namespace type = resource::condition;
namespace reason = resource::reason;
namespace message = resource::message;

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
  return listener.serves() && gateway.accepted() && !gateway.not_programmed &&
         findPort(gateway, listener.spec->port) != nullptr;
}

resource::ListenerStatus listenerStatus(
    const Draft& draft, const GatewayDraft& gateway, const ListenerDraft& listener
) {
  Conditions conditions(draft, *listener.owner);
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
    // Of a ListenerSet's the API wants the conflict here as well.
    const bool lost = listener.set != nullptr && listener.conflict;
    conditions.bad(
        type::kProgrammed,
        lost ? std::string_view(listener.conflict->reason) : reason::kInvalid,
        why ? why->message : "the listener is not valid"
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

/// Of the listeners written in the Gateway itself, or in one ListenerSet.
std::vector<const ListenerDraft*> listenersOf(
    const GatewayDraft& gateway, const resource::ListenerSet* set
) {
  std::vector<const ListenerDraft*> own;
  for (const ListenerDraft& listener : gateway.listeners) {
    if (listener.set == set) {
      own.push_back(&listener);
    }
  }
  return own;
}

std::vector<resource::StatusAddress> addressesOf(const GatewayDraft& gateway) {
  std::set<std::string> ips;
  std::set<std::string> paths;
  for (const PortDraft& port : gateway.ports) {
    for (const BindAddress& address : port.addresses) {
      const bool ip = address.unix_path.empty();
      (ip ? ips : paths).insert(ip ? address.ip : address.unix_path);
    }
  }
  std::vector<resource::StatusAddress> addresses;
  if (!gateway.not_accepted && !gateway.not_programmed) {
    for (const std::string& ip : ips) {
      addresses.push_back(resource::StatusAddress{.type = "IPAddress", .value = ip});
    }
    for (const std::string& path : paths) {
      addresses.push_back(resource::StatusAddress{.type = "gatehouse.dev/UnixSocket", .value = path}
      );
    }
  }
  return addresses;
}

/// Why ResolvedRefs of a Gateway is False: a reference of its own, else one of a listener.
std::optional<Problem> firstUnresolved(const GatewayDraft& gateway) {
  if (gateway.unresolved) {
    return gateway.unresolved;
  }
  for (const ListenerDraft* listener : listenersOf(gateway, nullptr)) {
    if (listener->unresolved) {
      return Problem{
          std::string(reason::kListenersNotResolved),
          fmt::format("listener \"{}\": {}", listener->spec->name, listener->unresolved->message)
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

/// Accepted of a Gateway or ListenerSet: whole unless `problem`, and by its own listeners.
void addAccepted(
    const Draft& draft,
    const resource::ObjectMeta& meta,
    const std::optional<Problem>& problem,
    const std::vector<const ListenerDraft*>& listeners,
    Conditions& conditions
) {
  const auto accepted = [](const ListenerDraft* listener) { return listener->accepted(); };
  const bool gateway = meta.key.kind == resource::Gateway::kKind;
  if (problem) {
    conditions.bad(type::kAccepted, problem->reason, problem->message);
  } else if (std::ranges::all_of(listeners, accepted)) {
    conditions.good(
        type::kAccepted,
        reason::kAccepted,
        draft.withInactive(
            meta, gateway ? message::kGatewayAccepted : message::kListenerSetAccepted
        )
    );
  } else if (std::ranges::any_of(listeners, accepted)) {
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
  const auto programmed = [&](const ListenerDraft* listener) {
    return isProgrammed(gateway, *listener);
  };
  if (gateway.not_programmed) {
    const Problem& why = *gateway.not_programmed;
    conditions.bad(type::kProgrammed, why.reason, why.message);
  } else if (gateway.not_accepted) {
    conditions.bad(type::kProgrammed, reason::kInvalid, gateway.not_accepted->message);
  } else if (std::ranges::any_of(listenersOf(gateway, nullptr), programmed)) {
    conditions.good(
        type::kProgrammed, reason::kProgrammed, std::string(message::kGatewayProgrammed)
    );
  } else {
    conditions.bad(type::kProgrammed, reason::kInvalid, "no listener is served");
  }
}

/// A ListenerSet that is accepted counts as attached.
bool isAttached(const GatewayDraft& gateway, const ListenerSetDraft& set) {
  const auto accepted = [](const ListenerDraft* listener) { return listener->accepted(); };
  return set.gateway == &gateway && gateway.accepted() && !set.not_accepted &&
         std::ranges::any_of(listenersOf(gateway, set.resource), accepted);
}

/// Why a ListenerSet as a whole is not served: its own fault, or its Gateway's.
std::optional<Problem> wholeProblem(const ListenerSetDraft& set) {
  if (set.not_accepted || set.gateway->accepted()) {
    return set.not_accepted;
  }
  return Problem{
      std::string(reason::kParentNotAccepted),
      fmt::format("Gateway {} is not accepted", set.gateway->name())
  };
}

void addProgrammed(const ListenerSetDraft& set, Conditions& conditions) {
  const auto own = listenersOf(*set.gateway, set.resource);
  const auto programmed = [&](const ListenerDraft* listener) {
    return isProgrammed(*set.gateway, *listener);
  };
  const auto accepted = [](const ListenerDraft* listener) { return listener->accepted(); };
  const auto problem = wholeProblem(set);
  if (problem) {
    const bool parent = problem->reason == reason::kParentNotAccepted;
    conditions.bad(
        type::kProgrammed,
        parent ? reason::kParentNotProgrammed : std::string_view(problem->reason),
        problem->message
    );
  } else if (std::ranges::any_of(own, programmed)) {
    conditions.good(
        type::kProgrammed, reason::kProgrammed, std::string(message::kListenerSetProgrammed)
    );
  } else if (set.gateway->not_programmed) {
    conditions.bad(
        type::kProgrammed, reason::kParentNotProgrammed, set.gateway->not_programmed->message
    );
  } else {
    const bool any = std::ranges::any_of(own, accepted);
    conditions.bad(
        type::kProgrammed,
        any ? reason::kInvalid : reason::kListenersNotValid,
        "no listener is served"
    );
  }
}

}  // namespace

void reportGateway(Draft& draft, const GatewayDraft& gateway) {
  const resource::ObjectMeta& meta = gateway.resource->meta;
  const auto own = listenersOf(gateway, nullptr);
  Conditions conditions(draft, meta);
  addAccepted(draft, meta, gateway.not_accepted, own, conditions);
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
  status.attached_listener_sets = static_cast<std::int32_t>(std::ranges::count_if(
      draft.listener_sets, [&](const ListenerSetDraft& set) { return isAttached(gateway, set); }
  ));
  for (const ListenerDraft* listener : own) {
    status.listeners.push_back(listenerStatus(draft, gateway, *listener));
  }
  draft.report.objects.emplace(meta.key, std::move(status));
}

void reportListenerSet(Draft& draft, const ListenerSetDraft& set) {
  const resource::ObjectMeta& meta = set.resource->meta;
  const auto own = listenersOf(*set.gateway, set.resource);
  Conditions conditions(draft, meta);
  addAccepted(draft, meta, wholeProblem(set), own, conditions);
  addProgrammed(set, conditions);
  resource::ListenerSetStatus status;
  status.conditions = conditions.take();
  for (const ListenerDraft* listener : own) {
    status.listeners.push_back(listenerStatus(draft, *set.gateway, *listener));
  }
  draft.report.objects.emplace(meta.key, std::move(status));
}

}  // namespace gatehouse::compile
