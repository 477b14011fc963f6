// What policies say of the ports of Gateways: spec.frontend, by the levels of resources.md 8.1. A
// policy that names the port goes before one of the whole Gateway; of two of one level the older
// one holds, and the other is told so.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "compile/claims.h"
#include "compile/frontend_tls.h"
#include "compile/keepalive.h"
#include "compile/passes.h"
#include "compile/targets.h"
#include "resource/decode_backend.h"

namespace gatehouse::compile {
namespace {

using resource::AgentgatewayPolicy;

const resource::Section* sectionOf(const AgentgatewayPolicy& policy, std::string_view name) {
  const auto found = std::ranges::find(policy.frontend, name, &resource::Section::name);
  return found == policy.frontend.end() ? nullptr : &*found;
}

std::string_view textIn(const resource::Section& section, std::string_view name) {
  const wire::Value* value = section.value.find(name);
  const std::string* text = value == nullptr ? nullptr : value->string();
  return text == nullptr ? std::string_view() : *text;
}

snapshot::ProxyProtocol proxyProtocolOf(const resource::Section& section) {
  const std::string_view version = textIn(section, "version");
  return {
      .v1 = version == "V1" || version == "All",
      .v2 = version != "V1",
      .required = textIn(section, "mode") != "Optional",
  };
}

/// A policy that speaks of a port.
struct Claim {
  const AgentgatewayPolicy* policy = nullptr;
  const resource::Section* section = nullptr;
  bool exact = false;  // it names the port
};

std::vector<Claim> claimsOn(
    Draft& draft, const GatewayDraft& gateway, std::uint16_t port, std::string_view name
) {
  std::vector<Claim> claims;
  for (const auto& policy : draft.resources.all<AgentgatewayPolicy>()) {
    const resource::Section* section = sectionOf(*policy, name);
    if (section == nullptr) {
      continue;
    }
    for (const GatewayTarget& target : gatewayTargets(draft, *policy)) {
      if (target.gateway == &gateway && (!target.port || *target.port == port)) {
        claims.push_back({policy.get(), section, target.port.has_value()});
      }
    }
  }
  return claims;
}

/// The oldest of one level, or null; the others learn that they lost.
const Claim* winnerOf(
    Draft& draft, const std::vector<Claim>& claims, bool exact, const std::string& where
) {
  const Claim* winner = nullptr;
  for (const Claim& claim : claims) {
    if (claim.exact == exact &&
        (winner == nullptr || isOlder(claim.policy->meta, winner->policy->meta))) {
      winner = &claim;
    }
  }
  for (const Claim& claim : claims) {
    if (claim.exact != exact || claim.policy == winner->policy) {
      continue;
    }
    const std::string field = "spec.frontend." + claim.section->name;
    tellLost(draft, *claim.policy, *winner->policy, field, where);
  }
  return winner;
}

/// What holds for a port: of policies that name it, else of those of the whole Gateway.
std::optional<Claim> claimOn(
    Draft& draft, const GatewayDraft& gateway, std::uint16_t port, std::string_view name
) {
  const std::vector<Claim> claims = claimsOn(draft, gateway, port, name);
  const std::string where = "Gateway " + gateway.name();
  const Claim* exact = winnerOf(draft, claims, true, fmt::format("port {} of {}", port, where));
  const Claim* whole = winnerOf(draft, claims, false, where);
  const Claim* winner = exact != nullptr ? exact : whole;
  return winner == nullptr ? std::nullopt : std::optional(*winner);
}

/// Listeners on which nothing can be spoken are not served.
void refuse(GatewayDraft& gateway, std::uint16_t port, const std::string& why) {
  for (ListenerDraft& listener : gateway.listeners) {
    if (listener.tls && listener.spec->port == port && listener.accepted()) {
      listener.not_accepted = Problem{std::string(resource::reason::kUnsupportedValue), why};
    }
  }
}

void applyTls(Draft& draft, GatewayDraft& gateway, PortDraft& port, const Claim& claim) {
  auto limits = tlsLimitsOf(draft, claim.policy->meta, claim.section->value);
  if (limits) {
    port.tls = *std::move(limits);
  } else {
    refuse(gateway, port.port, limits.error());
  }
}

void applyKeepalive(Draft& draft, PortDraft& port, const Claim& claim) {
  if (const wire::Value* keepalive = claim.section->value.find("keepalive")) {
    port.keepalive = makeKeepalive(
        draft,
        claim.policy->meta,
        "spec.frontend.tcp.keepalive",
        resource::decodeTcpKeepalive(*keepalive)
    );
  }
}

}  // namespace

void passFrontend(Draft& draft) {
  for (GatewayDraft& gateway : draft.gateways) {
    for (PortDraft& port : gateway.ports) {
      if (const auto claim = claimOn(draft, gateway, port.port, "proxyProtocol")) {
        port.proxy_protocol = proxyProtocolOf(*claim->section);
      }
      if (const auto claim = claimOn(draft, gateway, port.port, "tls")) {
        applyTls(draft, gateway, port, *claim);
      }
      if (const auto claim = claimOn(draft, gateway, port.port, "tcp")) {
        applyKeepalive(draft, port, *claim);
      }
    }
  }
}

}  // namespace gatehouse::compile
