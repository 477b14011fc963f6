// Where each (Gateway, listener port) is bound: the five rules of resources.md 10, the first that
// applies decides.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/text.h"
#include "compile/passes.h"
#include "compile/wish.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

/// An address that is given away, and to whom.
struct Given {
  BindAddress address;
  std::string owner;
};

class Addresses {
 public:
  explicit Addresses(Draft& draft) : draft_(draft) {
    for (const std::string& text : draft.options.addresses.reserved) {
      if (auto address = parseBindAddress(text)) {
        given_.push_back(Given{*std::move(address), "this program itself"});
      }
    }
  }

  /// What ListenerSets bring comes behind what every Gateway has of its own, so that nobody who
  /// may only add a ListenerSet takes the address of another Gateway.
  void run() {
    const std::vector<FlagWish> flags = resolveFlags(draft_);
    std::vector<Wanted> own;
    std::vector<Wanted> of_sets;
    for (GatewayDraft& gateway : draft_.gateways) {
      Ports ports = portsOf(gateway);
      own.emplace_back(&gateway, std::move(ports.own));
      of_sets.emplace_back(&gateway, std::move(ports.of_sets));
    }
    const auto by_rule_4 = [this](GatewayDraft& gateway, std::uint16_t port) {
      return byAddresses(draft_, gateway, port);
    };
    const auto by_name = [&](GatewayDraft& gateway, std::uint16_t port) {
      return askedFor(draft_, gateway, port, flags);
    };
    giveWhere(own, [&](GatewayDraft& gateway, std::uint16_t port) {
      auto wish = by_name(gateway, port);
      return wish ? wish : by_rule_4(gateway, port);
    });
    giveWhere(of_sets, by_name);
    giveDefaults(own);
    giveWhere(of_sets, by_rule_4);  // the port is the set's choice
    giveDefaults(of_sets);
    for (GatewayDraft& gateway : draft_.gateways) {
      std::ranges::sort(gateway.ports, {}, &PortDraft::port);
    }
  }

 private:
  /// Ports of a Gateway that have no address yet.
  struct Wanted {
    GatewayDraft* gateway = nullptr;
    std::vector<std::uint16_t> ports;
  };

  /// Those for which `rule` has a wish are no longer wanted.
  template <typename Rule>
  void giveWhere(std::vector<Wanted>& all, const Rule& rule) {
    for (Wanted& wanted : all) {
      std::erase_if(wanted.ports, [&](std::uint16_t port) {
        std::optional<Wish> wish = rule(*wanted.gateway, port);
        if (!wish) {
          return false;
        }
        give(*wanted.gateway, port, *std::move(wish));
        return true;
      });
    }
  }

  void giveDefaults(const std::vector<Wanted>& all) {
    std::set<std::uint16_t> taken = taken_;
    for (const Wanted& wanted : all) {
      for (const std::uint16_t port : wanted.ports) {
        give(*wanted.gateway, port, byDefault(*wanted.gateway, port, taken));
      }
    }
  }

  Wish byDefault(const GatewayDraft& gateway, std::uint16_t port, std::set<std::uint16_t>& taken) {
    const std::uint16_t chosen = givePort(port, fmt::format("{}/{}", gateway.name(), port), taken);
    Wish wish;
    if (chosen == 0) {
      wish.problem = "no port between 30000 and 32767 is left";
      return wish;
    }
    if (chosen != port) {
      noteOther(gateway, port, chosen);
    }
    const AddressOptions& options = draft_.options.addresses;
    if (isIpAddress(options.host)) {
      wish.addresses.push_back(BindAddress{.ip = options.host, .port = chosen});
      return wish;
    }
    wish.addresses.push_back(BindAddress{.ip = "127.0.0.1", .port = chosen});
    if (options.has_ipv6) {
      wish.addresses.push_back(BindAddress{.ip = "::1", .port = chosen});
    }
    return wish;
  }

  /// Says aloud that a port is not the one asked for.
  void noteOther(const GatewayDraft& gateway, std::uint16_t port, std::uint16_t chosen) {
    const auto listener = std::ranges::find_if(gateway.listeners, [port](const ListenerDraft& one) {
      return one.accepted() && one.spec->port == port;
    });
    const bool alone = listener->set == nullptr && portsOf(gateway).own.size() == 1;
    draft_.find(
        Severity::kInfo,
        *listener->owner,
        listener->field(".port"),
        fmt::format(
            "port {} is served on port {} outside a cluster; --bind {}{}=ADDR:PORT chooses another",
            port,
            chosen,
            gateway.name(),
            alone ? "" : "/" + listener->name()
        )
    );
  }

  void give(GatewayDraft& gateway, std::uint16_t port, Wish wish) {
    if (wish.problem) {
      gateway.not_programmed =
          Problem{std::string(resource::reason::kAddressNotUsable), *wish.problem};
      draft_.find(Severity::kError, gateway.resource->meta, wish.field, *wish.problem);
      return;
    }
    for (const BindAddress& address : wish.addresses) {
      const auto owner = std::ranges::find_if(given_, [&](const Given& other) {
        return collide(other.address, address);
      });
      if (owner != given_.end()) {
        refuse(gateway, port, address, owner->owner);
        return;
      }
    }
    for (const BindAddress& address : wish.addresses) {
      taken_.insert(address.port);
      given_.push_back(Given{address, "Gateway " + gateway.name()});
    }
    gateway.ports.push_back(PortDraft{.port = port, .addresses = std::move(wish.addresses)});
  }

  void refuse(
      GatewayDraft& gateway, std::uint16_t port, const BindAddress& address, std::string_view owner
  ) {
    const std::string message =
        fmt::format("{} is used by {}; choose another with --bind", toString(address), owner);
    for (ListenerDraft& listener : gateway.listeners) {
      if (listener.accepted() && listener.spec->port == port) {
        listener.not_accepted = Problem{std::string(resource::reason::kPortUnavailable), message};
        draft_.find(Severity::kError, *listener.owner, listener.field(".port"), message);
      }
    }
  }

  Draft& draft_;
  std::vector<Given> given_;
  std::set<std::uint16_t> taken_;
};

}  // namespace

void passAddresses(Draft& draft) {
  const std::string& host = draft.options.addresses.host;
  if (!host.empty() && !isIpAddress(host)) {
    draft.flag_errors.push_back(
        fmt::format("--host \"{}\": expected an IP address of this machine", printable(host))
    );
  }
  Addresses(draft).run();
}

}  // namespace gatehouse::compile
