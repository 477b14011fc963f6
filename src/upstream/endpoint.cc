#include "upstream/endpoint.h"

#include <string_view>

#include "io/address.h"

namespace gatehouse::upstream {
namespace {

bool isInnerName(std::string_view host) {
  return host == "localhost" || host.ends_with(".svc") || host.ends_with(".local") ||
         host.ends_with(".internal");
}

}  // namespace

void nameEndpoint(Endpoint& endpoint) {
  if (!endpoint.unix_path.empty()) {
    endpoint.name = "unix:" + endpoint.unix_path;
    endpoint.inside = true;
    return;
  }
  bool v6 = endpoint.host.find(':') != std::string::npos;
  endpoint.name =
      (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
  auto address = io::Address::fromIp(endpoint.host, endpoint.port);
  endpoint.inside = address
                        ? address->isLoopback() || address->isPrivate() || address->isLinkLocal()
                        : isInnerName(endpoint.host);
}

}  // namespace gatehouse::upstream
