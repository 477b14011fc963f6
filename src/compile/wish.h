// Rules 1 to 4 of resources.md 10: what flags, annotations, NodePort Services and spec.addresses
// ask for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compile/draft.h"

namespace gatehouse::compile {

/// Where one port of a Gateway shall be bound, or why that cannot be.
struct Wish {
  std::vector<BindAddress> addresses;
  std::optional<std::string> problem;
  std::string field = "spec.addresses";  // that the problem is about
};

/// A `--bind` flag with its Gateway found.
struct FlagWish {
  const GatewayDraft* gateway = nullptr;
  std::optional<std::uint16_t> port;  // of the listener named; absent: the only one of its own
  BindAddress address;
};

/// Ports of the accepted listeners, ascending: those of the Gateway's own, and those that only
/// ListenerSets bring. A set is written by others than the Gateway, and takes nothing from it.
struct Ports {
  std::vector<std::uint16_t> own;
  std::vector<std::uint16_t> of_sets;
};
Ports portsOf(const GatewayDraft& gateway);

/// Flags whose target is not there, or is not one port, become flag errors; where it is a listener
/// of a ListenerSet, findings.
std::vector<FlagWish> resolveFlags(Draft& draft);

/// The first of rules 1 to 3 that applies; nothing if none does. A flag or annotation without a
/// listener is about the Gateway's own ports alone; what is said of listeners of ListenerSets that
/// are not there is a finding.
std::optional<Wish> askedFor(
    Draft& draft,
    const GatewayDraft& gateway,
    std::uint16_t port,
    const std::vector<FlagWish>& flags
);

/// Rule 4: `port` on the addresses of the Gateway; nothing if it names none. One address that
/// cannot be used makes the Gateway unusable.
std::optional<Wish> byAddresses(const Draft& draft, GatewayDraft& gateway, std::uint16_t port);

}  // namespace gatehouse::compile
