#include "io/local_addresses.h"

#include <algorithm>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>

#include "io/address.h"
#include "io/socket_address.h"

namespace gatehouse::io {

std::vector<std::string> localAddresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    return {};
  }
  std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(first, &::freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* one = list.get(); one != nullptr; one = one->ifa_next) {
    bool up = (one->ifa_flags & IFF_UP) != 0;
    bool ip = one->ifa_addr != nullptr &&
              (one->ifa_addr->sa_family == AF_INET || one->ifa_addr->sa_family == AF_INET6);
    if (up && ip) {
      addresses.push_back(fromSystem(one->ifa_addr).formatIp());
    }
  }
  return addresses;
}

bool hasIpv6Loopback() {
  std::vector<std::string> addresses = localAddresses();
  return std::ranges::find(addresses, "::1") != addresses.end();
}

}  // namespace gatehouse::io
