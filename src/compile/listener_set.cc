#include "compile/listener_set.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "compile/admission.h"
#include "compile/listener_rules.h"
#include "resource/nearest.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

/// Why a ListenerSet has no Gateway of ours.
void noteNoGateway(Draft& draft, const resource::ListenerSet& set) {
  const resource::ParentRef& ref = set.parent_ref;
  const auto find = [&](Severity severity, std::string field, std::string message) {
    draft.find(severity, set.meta, "spec.parentRef" + field, std::move(message));
  };
  if (ref.group != resource::kGatewayGroup || ref.kind != resource::Gateway::kKind) {
    find(Severity::kInfo, "", fmt::format("parents of kind {} are not served; ignored", ref.kind));
    return;
  }
  const resource::ObjectKey key{ref.group, ref.kind, ref.ns, ref.name};
  const std::string name = resource::toString(key);
  if (draft.resources.find<resource::Gateway>(ref.ns, ref.name) != nullptr) {
    find(Severity::kInfo, "", name + " is not ours; ignored");
  } else if (draft.resources.refused(key)) {
    find(Severity::kInfo, ".name", name + " has errors of its own");
  } else {
    const auto names = namesIn<resource::Gateway>(draft.resources, ref.ns);
    find(Severity::kError, ".name", name + " not found" + resource::didYouMean(ref.name, names));
  }
}

/// Older first; one without a time is oldest.
auto order(const ListenerSetDraft& set) {
  const resource::ObjectMeta& meta = set.resource->meta;
  return std::tuple(meta.creation_timestamp.value_or(""), resource::qualifiedName(meta.key));
}

std::optional<Problem> whyNotTaken(const Draft& draft, const ListenerSetDraft& set) {
  const GatewayDraft& gateway = *set.gateway;
  const std::string& theirs = set.resource->meta.key.ns;
  if (!admitsNamespace(
          draft.resources,
          gateway.resource->allowed_listeners,
          gateway.resource->meta.key.ns,
          theirs
      )) {
    return Problem{
        std::string(resource::reason::kNotAllowed),
        fmt::format(
            "allowedListeners of Gateway {} takes no ListenerSet from namespace {}",
            gateway.name(),
            theirs
        )
    };
  }
  if (!gateway.accepted()) {
    return Problem{
        std::string(resource::reason::kParentNotAccepted),
        fmt::format("Gateway {} is not accepted", gateway.name())
    };
  }
  return std::nullopt;
}

std::string describe(const ListenerDraft& listener) {
  return fmt::format("\"{}\" of {}", listener.spec->name, resource::toString(listener.owner->key));
}

Problem conflict(
    const ListenerDraft& loser,
    const ListenerDraft& winner,
    std::string_view reason,
    std::string_view what
) {
  return Problem{
      std::string(reason),
      fmt::format(
          "listener \"{}\" conflicts with listener {}: {}", loser.spec->name, describe(winner), what
      )
  };
}

/// The listener before `next` that has its place, if there is one. Those of the Gateway keep theirs
/// even where they conflict among themselves.
std::optional<Problem> findConflict(const GatewayDraft& gateway, const ListenerDraft& next) {
  const std::uint16_t port = next.spec->port;
  const ListenerDraft* same = nullptr;
  for (const ListenerDraft& other : gateway.listeners) {
    const bool lost = other.set != nullptr && other.conflict;
    if (other.spec->port != port || other.not_accepted || lost) {
      continue;
    }
    if (other.tls != next.tls) {
      const std::string what = fmt::format("port {} cannot be both HTTP and HTTPS", port);
      return conflict(next, other, resource::reason::kProtocolConflict, what);
    }
    if (same == nullptr && other.spec->hostname == next.spec->hostname) {
      same = &other;
    }
  }
  if (same == nullptr) {
    return std::nullopt;
  }
  const std::string& hostname = next.spec->hostname;
  const std::string what = fmt::format(
      "same port {} and {}",
      port,
      hostname.empty() ? "no hostname" : fmt::format("hostname \"{}\"", hostname)
  );
  return conflict(next, *same, resource::reason::kHostnameConflict, what);
}

void addListener(Draft& draft, GatewayDraft& gateway, ListenerDraft next) {
  checkListener(draft, next);
  if (!next.not_accepted && gateway.listeners.size() >= kMostListeners) {
    next.not_accepted = Problem{
        std::string(resource::reason::kTooManyListeners),
        fmt::format("Gateway {} has {} listeners before it", gateway.name(), kMostListeners)
    };
    draft.find(Severity::kError, *next.owner, next.field(""), next.not_accepted->message);
  }
  if (!next.not_accepted) {
    next.conflict = findConflict(gateway, next);
    if (next.conflict) {
      draft.find(Severity::kError, *next.owner, next.field(""), next.conflict->message);
    }
  }
  gateway.listeners.push_back(std::move(next));
}

void merge(Draft& draft, const ListenerSetDraft& set) {
  const auto& listeners = set.resource->listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    ListenerDraft next;
    next.spec = &listeners[i];
    next.owner = &set.resource->meta;
    next.set = set.resource;
    next.index = i;
    addListener(draft, *set.gateway, std::move(next));
  }
}

}  // namespace

void mergeListenerSets(Draft& draft) {
  for (const auto& set : draft.resources.all<resource::ListenerSet>()) {
    const resource::ParentRef& ref = set->parent_ref;
    const bool gateway =
        ref.group == resource::kGatewayGroup && ref.kind == resource::Gateway::kKind;
    GatewayDraft* parent = gateway ? draft.findGateway(ref.ns, ref.name) : nullptr;
    if (parent == nullptr) {
      noteNoGateway(draft, *set);
    } else {
      draft.listener_sets.push_back({.resource = set.get(), .gateway = parent, .not_accepted = {}});
    }
  }
  std::ranges::sort(draft.listener_sets, {}, order);
  for (ListenerSetDraft& set : draft.listener_sets) {
    set.not_accepted = whyNotTaken(draft, set);
    if (!set.not_accepted) {
      merge(draft, set);
    } else {
      const auto severity = set.not_accepted->reason == resource::reason::kNotAllowed
                                ? Severity::kError
                                : Severity::kInfo;
      draft.find(severity, set.resource->meta, "spec.parentRef", set.not_accepted->message);
    }
  }
}

}  // namespace gatehouse::compile
