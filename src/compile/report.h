// What compile says about each object: its status as the Kubernetes API has it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "resource/condition.h"
#include "resource/meta.h"
#include "resource/set.h"
#include "snapshot/publish.h"
#include "wire/json.h"

namespace gatehouse::compile {

using Status = std::variant<
    resource::GatewayClassStatus,
    resource::GatewayStatus,
    resource::ListenerSetStatus,
    resource::RouteStatus,
    resource::PlainStatus,
    resource::PolicyStatus>;

/// The `status` object.
wire::Value toValue(const Status& status);

/// Status of every object that has one. Value type.
struct StatusReport {
  std::map<resource::ObjectKey, Status> objects;
  /// Null if the object has no status.
  const Status* find(const resource::ObjectKey& key) const [[clang::lifetimebound]];
};

/// Conditions that say the same as in `before` keep the time they had there.
void keepTransitions(StatusReport& next, const StatusReport& before);

/// Message of a listener that is Programmed on `addresses`.
std::string listeningOn(std::span<const std::string> addresses);

/// Programmed of the listeners, those of ListenerSets too, names what their addresses are bound to.
/// `resources` is the set the report is about.
void markBound(
    StatusReport& report,
    const resource::ResourceSet& resources,
    std::span<const snapshot::BoundAddress> bound
);

/// Sockets that could not be opened: their listeners are Programmed=False/PortUnavailable, and a
/// Gateway or ListenerSet without any other is not Programmed. `resources` is the set the report is
/// about.
void markUnbound(
    StatusReport& report,
    const resource::ResourceSet& resources,
    std::span<const snapshot::BindFailure> failures,
    WallMicros now
);

}  // namespace gatehouse::compile
