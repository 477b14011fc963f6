#include "resource/condition.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace gatehouse::resource {
namespace {

using wire::Array;
using wire::Value;

Value conditionsValue(const std::vector<Condition>& conditions) {
  Array list;
  for (const Condition& condition : conditions) {
    list.push_back(toValue(condition));
  }
  return list;
}

Value refValue(const ParentRef& ref) {
  Value value;
  value.set("group", ref.group);
  value.set("kind", ref.kind);
  if (!ref.ns.empty()) {
    value.set("namespace", ref.ns);
  }
  value.set("name", ref.name);
  if (ref.section_name) {
    value.set("sectionName", *ref.section_name);
  }
  if (ref.port) {
    value.set("port", int{*ref.port});
  }
  return value;
}

Value listenerValue(const ListenerStatus& listener) {
  Array kinds;
  for (const RouteGroupKind& supported : listener.supported_kinds) {
    Value kind;
    kind.set("group", supported.group);
    kind.set("kind", supported.kind);
    kinds.push_back(std::move(kind));
  }
  Value value;
  value.set("name", listener.name);
  value.set("attachedRoutes", int{listener.attached_routes});
  value.set("supportedKinds", std::move(kinds));
  value.set("conditions", conditionsValue(listener.conditions));
  return value;
}

Value listenersValue(const std::vector<ListenerStatus>& listeners) {
  Array list;
  for (const ListenerStatus& listener : listeners) {
    list.push_back(listenerValue(listener));
  }
  return list;
}

/// One entry of parents[] or ancestors[]; `ref_name` is the field of its reference.
template <typename Entry>
Value entryValue(std::string_view ref_name, const ParentRef& ref, const Entry& entry) {
  Value value;
  value.set(ref_name, refValue(ref));
  value.set("controllerName", entry.controller_name);
  value.set("conditions", conditionsValue(entry.conditions));
  return value;
}

/// At most `limit` bytes of `text`, not cutting a UTF-8 sequence.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) {
    return text;
  }
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) {
    --limit;
  }
  return text.substr(0, limit);
}

}  // namespace

std::string_view toString(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue:
      return "True";
    case ConditionStatus::kFalse:
      return "False";
    case ConditionStatus::kUnknown:
      return "Unknown";
  }
  return "";
}

bool Condition::sameAs(const Condition& other) const {
  return type == other.type && status == other.status && reason == other.reason &&
         message == other.message && observed_generation == other.observed_generation;
}

void setCondition(std::vector<Condition>& conditions, Condition next) {
  const auto found = std::ranges::find(conditions, next.type, &Condition::type);
  if (found == conditions.end()) {
    conditions.push_back(std::move(next));
    return;
  }
  if (found->status == next.status) {
    next.last_transition = found->last_transition;
  }
  *found = std::move(next);
}

const Condition* findCondition(const std::vector<Condition>& conditions, std::string_view type) {
  const auto found = std::ranges::find(conditions, type, &Condition::type);
  return found == conditions.end() ? nullptr : &*found;
}

Value toValue(const Condition& condition) {
  Value value;
  value.set("type", condition.type);
  value.set("status", toString(condition.status));
  value.set("observedGeneration", condition.observed_generation);
  value.set("lastTransitionTime", toRfc3339(condition.last_transition));
  value.set("reason", condition.reason);
  value.set("message", cut(condition.message, kMaxConditionMessage));
  return value;
}

Value toValue(const GatewayClassStatus& status) {
  Value value;
  value.set("conditions", conditionsValue(status.conditions));
  Array features;
  for (const std::string& name : status.supported_features) {
    Value feature;
    feature.set("name", name);
    features.push_back(std::move(feature));
  }
  value.set("supportedFeatures", std::move(features));
  return value;
}

Value toValue(const GatewayStatus& status) {
  Array addresses;
  for (const StatusAddress& address : status.addresses) {
    Value entry;
    entry.set("type", address.type);
    entry.set("value", address.value);
    addresses.push_back(std::move(entry));
  }
  Value value;
  value.set("addresses", std::move(addresses));
  value.set("attachedListenerSets", int{status.attached_listener_sets});
  value.set("conditions", conditionsValue(status.conditions));
  value.set("listeners", listenersValue(status.listeners));
  return value;
}

Value toValue(const ListenerSetStatus& status) {
  Value value;
  value.set("conditions", conditionsValue(status.conditions));
  value.set("listeners", listenersValue(status.listeners));
  return value;
}

Value toValue(const RouteStatus& status) {
  Array parents;
  for (const RouteParentStatus& parent : status.parents) {
    parents.push_back(entryValue("parentRef", parent.parent_ref, parent));
  }
  Value value;
  value.set("parents", std::move(parents));
  return value;
}

Value toValue(const PlainStatus& status) {
  Value value;
  value.set("conditions", conditionsValue(status.conditions));
  return value;
}

Value toValue(const PolicyStatus& status) {
  Array ancestors;
  for (const PolicyAncestorStatus& ancestor : status.ancestors) {
    ancestors.push_back(entryValue("ancestorRef", ancestor.ancestor_ref, ancestor));
  }
  Value value;
  value.set("ancestors", std::move(ancestors));
  return value;
}

std::string toRfc3339(WallMicros time) {
  const auto since = Micros(static_cast<std::int64_t>(time));
  const std::chrono::sys_seconds seconds{std::chrono::floor<Seconds>(since)};
  return fmt::format(
      "{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds))
  );
}

}  // namespace gatehouse::resource
