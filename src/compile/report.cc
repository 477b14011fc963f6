#include "compile/report.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gatehouse::compile {
namespace {

using Conditions = std::vector<resource::Condition>;

void keep(Conditions& next, const Conditions& before) {
  for (resource::Condition& condition : next) {
    const resource::Condition* old = resource::findCondition(before, condition.type);
    if (old != nullptr && old->status == condition.status) {
      condition.last_transition = old->last_transition;
    }
  }
}

/// Entries that have an equal, by `same`, in the other list get its times.
template <typename List, typename Same>
void keepInLists(List& next, const List& before, Same same) {
  for (auto& entry : next) {
    const auto old =
        std::ranges::find_if(before, [&](const auto& other) { return same(entry, other); });
    if (old != before.end()) {
      keep(entry.conditions, old->conditions);
    }
  }
}

bool sameParent(const resource::ParentRef& a, const resource::ParentRef& b) {
  return a.group == b.group && a.kind == b.kind && a.ns == b.ns && a.name == b.name &&
         a.section_name == b.section_name && a.port == b.port;
}

void keepStatus(resource::GatewayClassStatus& next, const resource::GatewayClassStatus& before) {
  keep(next.conditions, before.conditions);
}

void keepStatus(resource::PlainStatus& next, const resource::PlainStatus& before) {
  keep(next.conditions, before.conditions);
}

void keepStatus(resource::GatewayStatus& next, const resource::GatewayStatus& before) {
  keep(next.conditions, before.conditions);
  keepInLists(next.listeners, before.listeners, [](const auto& a, const auto& b) {
    return a.name == b.name;
  });
}

void keepStatus(resource::ListenerSetStatus& next, const resource::ListenerSetStatus& before) {
  keep(next.conditions, before.conditions);
  keepInLists(next.listeners, before.listeners, [](const auto& a, const auto& b) {
    return a.name == b.name;
  });
}

void keepStatus(resource::RouteStatus& next, const resource::RouteStatus& before) {
  keepInLists(next.parents, before.parents, [](const auto& a, const auto& b) {
    return sameParent(a.parent_ref, b.parent_ref);
  });
}

void keepStatus(resource::PolicyStatus& next, const resource::PolicyStatus& before) {
  keepInLists(next.ancestors, before.ancestors, [](const auto& a, const auto& b) {
    return sameParent(a.ancestor_ref, b.ancestor_ref);
  });
}

std::string describe(const snapshot::BindFailure& failure) {
  return fmt::format("{}: {}; choose another address with --bind", failure.address, failure.reason);
}

bool isProgrammed(const resource::ListenerStatus& listener) {
  const auto* found =
      resource::findCondition(listener.conditions, resource::condition::kProgrammed);
  return found != nullptr && found->status == resource::ConditionStatus::kTrue;
}

/// A Gateway of the report, or a ListenerSet, with what is said of it.
struct Owner {
  std::string gateway;  // "namespace/name", whose addresses its listeners have
  const resource::ObjectMeta& meta;
  const std::vector<resource::Listener>& specs;
  std::vector<resource::ListenerStatus>& listeners;
  std::vector<resource::Condition>& conditions;

  /// The port of a listener as it is written; nothing if there is no such listener.
  std::optional<std::uint16_t> portOf(const resource::ListenerStatus& listener) const {
    const auto spec = std::ranges::find(specs, listener.name, &resource::Listener::name);
    return spec == specs.end() ? std::nullopt : std::optional(spec->port);
  }
};

template <typename S, typename T>
void addOwner(
    std::vector<Owner>& owners, StatusReport& report, const T& resource, std::string gateway
) {
  const auto entry = report.objects.find(resource.meta.key);
  if (entry == report.objects.end()) {
    return;
  }
  if (auto* status = std::get_if<S>(&entry->second)) {
    owners.push_back(Owner{
        std::move(gateway), resource.meta, resource.listeners, status->listeners, status->conditions
    });
  }
}

std::vector<Owner> ownersIn(StatusReport& report, const resource::ResourceSet& resources) {
  std::vector<Owner> owners;
  for (const auto& gateway : resources.all<resource::Gateway>()) {
    std::string name = resource::qualifiedName(gateway->meta.key);
    addOwner<resource::GatewayStatus>(owners, report, *gateway, std::move(name));
  }
  for (const auto& set : resources.all<resource::ListenerSet>()) {
    std::string parent = fmt::format("{}/{}", set->parent_ref.ns, set->parent_ref.name);
    addOwner<resource::ListenerSetStatus>(owners, report, *set, std::move(parent));
  }
  return owners;
}

/// Marks the listeners of one owner on the port that failed.
void markListeners(
    const Owner& owner, const snapshot::BindFailure& failure, const resource::Condition& condition
) {
  for (resource::ListenerStatus& listener : owner.listeners) {
    if (owner.portOf(listener) == failure.port && isProgrammed(listener)) {
      resource::setCondition(listener.conditions, condition);
    }
  }
}

/// Addresses of a Gateway by its ports.
using BoundPorts = std::map<std::uint16_t, std::vector<std::string>>;

BoundPorts boundPorts(std::string_view gateway, std::span<const snapshot::BoundAddress> bound) {
  BoundPorts ports;
  for (const snapshot::BoundAddress& one : bound) {
    if (one.gateway == gateway) {
      ports[one.port].push_back(one.bound);
    }
  }
  return ports;
}

}  // namespace

wire::Value toValue(const Status& status) {
  return std::visit([](const auto& one) { return resource::toValue(one); }, status);
}

const Status* StatusReport::find(const resource::ObjectKey& key) const {
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : &found->second;
}

void keepTransitions(StatusReport& next, const StatusReport& before) {
  for (auto& [key, status] : next.objects) {
    const Status* old = before.find(key);
    if (old == nullptr) {
      continue;
    }
    std::visit(
        [&](auto& one) {
          using Kind = std::remove_reference_t<decltype(one)>;
          if (const auto* same = std::get_if<Kind>(old)) {
            keepStatus(one, *same);
          }
        },
        status
    );
  }
}

std::string listeningOn(std::span<const std::string> addresses) {
  return fmt::format(
      "{}; listening on {}", resource::message::kNoErrors, fmt::join(addresses, ", ")
  );
}

void markBound(
    StatusReport& report,
    const resource::ResourceSet& resources,
    std::span<const snapshot::BoundAddress> bound
) {
  for (const Owner& owner : ownersIn(report, resources)) {
    const BoundPorts ports = boundPorts(owner.gateway, bound);
    for (resource::ListenerStatus& listener : owner.listeners) {
      const auto open = ports.find(owner.portOf(listener).value_or(0));
      const auto condition = std::ranges::find(
          listener.conditions, resource::condition::kProgrammed, &resource::Condition::type
      );
      if (open != ports.end() && isProgrammed(listener)) {
        condition->message = listeningOn(open->second);
      }
    }
  }
}

void markUnbound(
    StatusReport& report,
    const resource::ResourceSet& resources,
    std::span<const snapshot::BindFailure> failures,
    WallMicros now
) {
  for (const Owner& owner : ownersIn(report, resources)) {
    for (const snapshot::BindFailure& failure : failures) {
      if (failure.gateway != owner.gateway) {
        continue;
      }
      const resource::Condition condition{
          .type = std::string(resource::condition::kProgrammed),
          .status = resource::ConditionStatus::kFalse,
          .reason = std::string(resource::reason::kPortUnavailable),
          .message = describe(failure),
          .observed_generation = owner.meta.generation,
          .last_transition = now,
      };
      markListeners(owner, failure, condition);
      if (std::ranges::none_of(owner.listeners, isProgrammed)) {
        resource::Condition whole = condition;
        whole.reason = resource::reason::kInvalid;
        resource::setCondition(owner.conditions, std::move(whole));
      }
    }
  }
}

}  // namespace gatehouse::compile
