#include "compile/wish.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/text.h"
#include "resource/nearest.h"

namespace gatehouse::compile {
namespace {

constexpr std::string_view kBindAnnotation = "gatehouse.dev/bind";
constexpr std::string_view kGatewayNameLabel = "gateway.networking.k8s.io/gateway-name";

const resource::ObjectKey& keyOf(const GatewayDraft& gateway) {
  return gateway.resource->meta.key;
}

std::optional<std::uint16_t> portOfListener(const GatewayDraft& gateway, std::string_view name) {
  for (const ListenerDraft& listener : gateway.listeners) {
    if (listener.name() == name) {
      return listener.spec->port;
    }
  }
  return std::nullopt;
}

std::string listenersOf(const GatewayDraft& gateway) {
  std::string names;
  for (const ListenerDraft& listener : gateway.listeners) {
    names += (names.empty() ? "" : ", ") + listener.name();
  }
  return names;
}

/// What a flag's target may mean: a Gateway, and perhaps a listener of it.
struct Target {
  const GatewayDraft* gateway = nullptr;
  std::string_view listener;
};

/// What of `target` follows `gateway`: a listener, or nothing for the Gateway itself; absent if it
/// names another.
std::optional<std::string_view> restBehind(std::string_view target, std::string_view gateway) {
  if (!target.starts_with(gateway)) {
    return std::nullopt;
  }
  target.remove_prefix(gateway.size());
  if (!target.empty() && target.front() != '/') {
    return std::nullopt;
  }
  return target.empty() ? target : target.substr(1);
}

std::vector<Target> findTargets(const Draft& draft, std::string_view target) {
  std::vector<Target> found;
  for (const GatewayDraft& gateway : draft.gateways) {
    const auto listener = restBehind(target, gateway.name());
    if (listener || target == keyOf(gateway).name) {
      found.push_back({&gateway, listener.value_or(std::string_view())});
    }
  }
  if (!found.empty()) {
    return found;
  }
  for (const GatewayDraft& gateway : draft.gateways) {
    if (const auto listener = restBehind(target, keyOf(gateway).name)) {
      found.push_back({&gateway, *listener});
    }
  }
  return found;
}

std::string suggestGateway(const Draft& draft, std::string_view wanted) {
  std::vector<std::string> names;
  for (const GatewayDraft& gateway : draft.gateways) {
    names.push_back(keyOf(gateway).name);
    names.push_back(gateway.name());
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  return resource::didYouMean(wanted, views);
}

/// A ListenerSet is written by others than flags and Gateway, and may go at any time: what is said
/// of its listeners ("namespace/set/listener") means nothing then, and stops nobody else.
bool isOfSet(std::string_view listener) {
  const std::vector<std::string_view> parts = split(listener, '/');
  return parts.size() == 3 && std::ranges::none_of(parts, &std::string_view::empty);
}

std::string noListenerOfSet(std::string_view listener) {
  return fmt::format("no ListenerSet brings a listener \"{}\" now; ignored", printable(listener));
}

/// Why a flag is not followed.
struct FlagFault {
  std::string sentence;
  const GatewayDraft* tell = nullptr;  // not an error, and told of this Gateway
};

std::unexpected<FlagFault> fault(std::string sentence) {
  return std::unexpected(FlagFault{.sentence = std::move(sentence)});
}

/// The flag with its Gateway and port found, or what is wrong with it.
std::expected<FlagWish, FlagFault> resolveFlag(const Draft& draft, const BindFlag& flag) {
  const auto address = parseBindAddress(flag.address);
  if (!address) {
    return fault(fmt::format("\"{}\" is neither ADDR:PORT nor unix:/PATH", flag.address));
  }
  const auto targets = findTargets(draft, flag.target);
  if (targets.empty()) {
    return fault(fmt::format("no Gateway \"{}\"{}", flag.target, suggestGateway(draft, flag.target))
    );
  }
  if (targets.size() > 1) {
    return fault("several Gateways have that name; write NAMESPACE/NAME");
  }
  const Target& target = targets.front();
  if (target.listener.empty()) {
    if (portsOf(*target.gateway).own.size() > 1) {
      return fault(fmt::format(
          "Gateway {0} has several ports; write {0}/LISTENER with one of its listeners: {1}",
          target.gateway->name(),
          listenersOf(*target.gateway)
      ));
    }
    return FlagWish{target.gateway, std::nullopt, *address};
  }
  const auto port = portOfListener(*target.gateway, target.listener);
  if (!port && isOfSet(target.listener)) {
    return std::unexpected(FlagFault{noListenerOfSet(target.listener), target.gateway});
  }
  if (!port) {
    return fault(fmt::format(
        "Gateway {} has no listener \"{}\"; it has {}",
        target.gateway->name(),
        target.listener,
        listenersOf(*target.gateway)
    ));
  }
  return FlagWish{target.gateway, port, *address};
}

/// Rule 1. A flag that names the listener beats one that names the Gateway.
std::optional<Wish> byFlag(
    const GatewayDraft& gateway, std::uint16_t port, const std::vector<FlagWish>& flags
) {
  const bool own = std::ranges::binary_search(portsOf(gateway).own, port);
  Wish exact;
  Wish whole;
  for (const FlagWish& flag : flags) {
    if (flag.gateway == &gateway && (flag.port ? *flag.port == port : own)) {
      (flag.port ? exact : whole).addresses.push_back(flag.address);
    }
  }
  if (!exact.addresses.empty()) {
    return exact;
  }
  return whole.addresses.empty() ? std::nullopt : std::optional(std::move(whole));
}

/// Rule 2: `addr:port` or `unix:/path`, or a comma list of them behind `listener=`.
std::optional<Wish> byAnnotation(Draft& draft, const GatewayDraft& gateway, std::uint16_t port) {
  const std::string* text =
      resource::findString(gateway.resource->meta.annotations, kBindAnnotation);
  if (text == nullptr) {
    return std::nullopt;
  }
  const std::vector<std::uint16_t> own = portsOf(gateway).own;
  Wish wish;
  wish.field = fmt::format("metadata.annotations.{}", kBindAnnotation);
  for (const std::string_view part : split(*text, ',')) {
    const auto pair = splitOnce(trim(part), '=');
    const auto address = parseBindAddress(pair ? trim(pair->second) : trim(part));
    const auto named = pair ? portOfListener(gateway, trim(pair->first)) : std::nullopt;
    if (address && pair && !named && isOfSet(trim(pair->first))) {
      draft.find(
          resource::Severity::kWarning,
          gateway.resource->meta,
          wish.field,
          noListenerOfSet(trim(pair->first))
      );
      continue;
    }
    if (!address || (pair && !named) || (!pair && own.size() > 1)) {
      wish.problem = fmt::format(
          "\"{}\": expected ADDR:PORT or unix:/PATH, or one of them behind LISTENER= with a "
          "listener "
          "of this Gateway",
          printable(trim(part))
      );
      return wish;
    }
    if (pair ? *named == port : std::ranges::binary_search(own, port)) {
      wish.addresses.push_back(*address);
    }
  }
  return wish.addresses.empty() ? std::nullopt : std::optional(std::move(wish));
}

std::optional<std::uint16_t> nodePortFor(const resource::Service& service, std::uint16_t port) {
  for (const resource::ServicePort& entry : service.ports) {
    if (entry.port == port && entry.node_port) {
      return entry.node_port;
    }
  }
  for (const resource::ServicePort& entry : service.ports) {
    const auto* target = std::get_if<std::uint16_t>(&entry.target_port);
    if (target != nullptr && *target == port && entry.node_port) {
      return entry.node_port;
    }
  }
  return std::nullopt;
}

/// Rule 3.
std::optional<Wish> byNodePort(
    const Draft& draft, const GatewayDraft& gateway, std::uint16_t port
) {
  for (const auto& service : draft.resources.all<resource::Service>()) {
    const std::string* name = resource::findString(service->meta.labels, kGatewayNameLabel);
    if (service->type != resource::ServiceType::kNodePort || name == nullptr ||
        *name != keyOf(gateway).name || service->meta.key.ns != keyOf(gateway).ns) {
      continue;
    }
    if (const auto node_port = nodePortFor(*service, port)) {
      Wish wish;
      wish.addresses.push_back(BindAddress{.ip = "0.0.0.0", .port = *node_port});
      if (draft.options.addresses.has_ipv6) {
        wish.addresses.push_back(BindAddress{.ip = "::", .port = *node_port});
      }
      return wish;
    }
  }
  return std::nullopt;
}

bool isLocal(const AddressOptions& options, std::string_view ip) {
  return ip.starts_with("127.") || ip == "::1" || ip == "0.0.0.0" || ip == "::" ||
         std::ranges::find(options.local_addresses, ip) != options.local_addresses.end();
}

/// The addresses of this host that a value of spec.addresses names; none if it is not usable.
std::vector<std::string> localAddresses(
    const AddressOptions& options, const resource::GatewayAddress& address
) {
  std::vector<std::string> candidates;
  if (address.type == "IPAddress") {
    candidates.push_back(address.value);
  } else if (options.resolve_host) {
    candidates = options.resolve_host(address.value);
  } else if (iequals(address.value, "localhost")) {
    candidates.emplace_back("127.0.0.1");
  }
  std::erase_if(candidates, [&](const std::string& ip) {
    return !isIpAddress(ip) || !isLocal(options, ip);
  });
  return candidates;
}

}  // namespace

Ports portsOf(const GatewayDraft& gateway) {
  std::set<std::uint16_t> own;
  std::set<std::uint16_t> of_sets;
  for (const ListenerDraft& listener : gateway.listeners) {
    if (listener.accepted()) {
      (listener.set == nullptr ? own : of_sets).insert(listener.spec->port);
    }
  }
  std::erase_if(of_sets, [&](std::uint16_t port) { return own.contains(port); });
  return {.own = {own.begin(), own.end()}, .of_sets = {of_sets.begin(), of_sets.end()}};
}

std::vector<FlagWish> resolveFlags(Draft& draft) {
  std::vector<FlagWish> wishes;
  for (const BindFlag& flag : draft.options.addresses.binds) {
    auto wish = resolveFlag(draft, flag);
    if (wish) {
      wishes.push_back(*std::move(wish));
      continue;
    }
    std::string sentence =
        fmt::format("--bind {}={}: {}", flag.target, flag.address, wish.error().sentence);
    if (const GatewayDraft* gateway = wish.error().tell) {
      draft.find(resource::Severity::kWarning, gateway->resource->meta, "", std::move(sentence));
    } else {
      draft.flag_errors.push_back(std::move(sentence));
    }
  }
  return wishes;
}

std::optional<Wish> askedFor(
    Draft& draft,
    const GatewayDraft& gateway,
    std::uint16_t port,
    const std::vector<FlagWish>& flags
) {
  if (auto wish = byFlag(gateway, port, flags)) {
    return wish;
  }
  if (auto wish = byAnnotation(draft, gateway, port)) {
    return wish;
  }
  return byNodePort(draft, gateway, port);
}

std::optional<Wish> byAddresses(const Draft& draft, GatewayDraft& gateway, std::uint16_t port) {
  Wish wish;
  const auto& asked = gateway.resource->addresses;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].value.empty()) {
      continue;  // "give me any": the default
    }
    wish.field = fmt::format("spec.addresses[{}]", i);
    if (asked[i].type != "IPAddress" && asked[i].type != "Hostname") {
      wish.problem = fmt::format("addresses of type {} are not supported", asked[i].type);
      if (!gateway.not_accepted) {
        gateway.not_accepted =
            Problem{std::string(resource::reason::kUnsupportedAddress), *wish.problem};
      }
      return wish;
    }
    const auto local = localAddresses(draft.options.addresses, asked[i]);
    if (local.empty()) {
      wish.problem = fmt::format("{} is no address of this machine", asked[i].value);
      return wish;
    }
    for (const std::string& ip : local) {
      wish.addresses.push_back(BindAddress{.ip = ip, .port = port});
    }
  }
  return wish.addresses.empty() ? std::nullopt : std::optional(std::move(wish));
}

}  // namespace gatehouse::compile
