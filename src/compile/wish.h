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
  std::optional<std::uint16_t> port;  // of the listener named; absent: the Gateway's only one
  BindAddress address;
};

/// Ports of the accepted listeners, ascending.
std::vector<std::uint16_t> portsOf(const GatewayDraft& gateway);

/// Flags whose target is not there, or is not one port, become flag errors.
std::vector<FlagWish> resolveFlags(Draft& draft);

/// The first of rules 1 to 4 that applies; nothing if none does.
std::optional<Wish> askedFor(
    Draft& draft, GatewayDraft& gateway, std::uint16_t port, const std::vector<FlagWish>& flags
);

}  // namespace gatehouse::compile
