#include "compile/slices.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "compile/addresses.h"
#include "resource/nearest.h"

namespace gatehouse::compile {
namespace {

using resource::Severity;

/// The port of a slice that a port of its Service leads to: that of the same name.
const resource::EndpointPort* findPort(
    const resource::EndpointSlice& slice, const resource::ServicePort& wanted
) {
  const auto found = std::ranges::find_if(slice.ports, [&](const resource::EndpointPort& port) {
    return port.name == wanted.name && port.protocol == wanted.protocol;
  });
  return found == slice.ports.end() ? nullptr : &*found;
}

/// The number to connect to; nothing if only a name of it is known.
std::optional<std::uint16_t> numberOf(
    const resource::EndpointPort& port, const resource::ServicePort& wanted
) {
  if (port.port != 0) {
    return port.port;
  }
  const auto* number = std::get_if<std::uint16_t>(&wanted.target_port);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

/// Whether the address is of the type its slice says.
bool isOfType(std::string_view address, std::string_view type) {
  if (type == "FQDN") {
    return !address.empty() && !isIpAddress(address);
  }
  return type == "IPv6" ? isIpv6(address) : isIpv4(address);
}

/// The family in which a Service has its own address; empty without one.
std::string_view familyOf(const resource::Service& service) {
  if (isIpv4(service.cluster_ip)) {
    return "IPv4";
  }
  return isIpv6(service.cluster_ip) ? "IPv6" : "";
}

/// Addresses in the order of the slices, each once.
class AddressList {
 public:
  void add(ServiceAddress address, bool ready, std::string_view family) {
    const auto [place, fresh] = places_.try_emplace({address.host, address.port}, list_.size());
    if (fresh) {
      list_.push_back({std::move(address), ready, family});
    } else if (ready) {
      list_[place->second].ready = true;
    }
  }

  std::vector<ServiceAddress> chosen(std::string_view family) && {
    const bool any_ready = std::ranges::any_of(list_, &Entry::ready);
    std::erase_if(list_, [&](const Entry& one) { return any_ready && !one.ready; });
    const bool any_fits =
        std::ranges::any_of(list_, [&](const Entry& one) { return one.family == family; });
    std::vector<ServiceAddress> chosen;
    for (Entry& one : list_) {
      if (!any_fits || one.family == family) {
        chosen.push_back(std::move(one.address));
      }
    }
    return chosen;
  }

 private:
  struct Entry {
    ServiceAddress address;
    bool ready = false;       // else it serves while it terminates
    std::string_view family;  // addressType
  };
  std::vector<Entry> list_;
  std::map<std::pair<std::string, std::uint16_t>, std::size_t> places_;
};

void addServing(
    Draft& draft, const resource::EndpointSlice& slice, std::uint16_t port, AddressList& addresses
) {
  for (std::size_t i = 0; i < slice.endpoints.size(); ++i) {
    const resource::Endpoint& endpoint = slice.endpoints[i];
    if (!endpoint.ready && !(endpoint.serving && endpoint.terminating)) {
      continue;
    }
    for (const std::string& address : endpoint.addresses) {
      if (isOfType(address, slice.address_type)) {
        addresses.add({fold(address), port}, endpoint.ready, slice.address_type);
        continue;
      }
      draft.find(
          Severity::kError,
          slice.meta,
          fmt::format("endpoints[{}].addresses", i),
          fmt::format(
              "\"{}\" is no address of type {}; it is left out", address, slice.address_type
          )
      );
    }
  }
}

/// Who writes a slice by hand means a Service; in a cluster others have slices of their own.
void checkService(Draft& draft, const resource::EndpointSlice& slice, const std::string& service) {
  const std::string& ns = slice.meta.key.ns;
  if (draft.resources.find<resource::Service>(ns, service) != nullptr) {
    return;
  }
  draft.find(
      Severity::kWarning,
      slice.meta,
      "metadata.labels",
      service.empty()
          ? "no Service has these endpoints: the label kubernetes.io/service-name is missing"
          : fmt::format(
                "no Service has these endpoints: Service {}/{} not found{}",
                ns,
                service,
                resource::didYouMean(service, namesIn<resource::Service>(draft.resources, ns))
            )
  );
}

}  // namespace

SliceIndex::SliceIndex(Draft& draft) : draft_(draft) {
  for (const auto& slice : draft.resources.all<resource::EndpointSlice>()) {
    std::string service = slice->serviceName();
    if (draft.options.standalone) {
      checkService(draft, *slice, service);
    }
    slices_[{slice->meta.key.ns, std::move(service)}].push_back(slice.get());
  }
}

std::optional<std::vector<ServiceAddress>> SliceIndex::addressesOf(
    const resource::Service& service, const resource::ServicePort& port
) {
  const auto slices = slices_.find({service.meta.key.ns, service.meta.key.name});
  if (slices == slices_.end()) {
    return std::nullopt;
  }
  AddressList addresses;
  bool any_port = false;
  for (const resource::EndpointSlice* slice : slices->second) {
    const resource::EndpointPort* there = findPort(*slice, port);
    if (const auto number = there == nullptr ? std::nullopt : numberOf(*there, port)) {
      any_port = true;
      addServing(draft_, *slice, *number, addresses);
    }
  }
  if (!any_port) {
    draft_.find(
        Severity::kWarning,
        service.meta,
        fmt::format("spec.ports[{}].name", &port - service.ports.data()),
        fmt::format(
            "no EndpointSlice of the Service has a port {}; requests to port {} are answered with "
            "503",
            port.name.empty() ? "without name" : fmt::format("named \"{}\"", port.name),
            port.port
        )
    );
  }
  return std::move(addresses).chosen(familyOf(service));
}

}  // namespace gatehouse::compile
