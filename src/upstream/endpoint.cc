#include "upstream/endpoint.h"

#include <algorithm>
#include <string_view>

#include "io/address.h"

namespace gatehouse::upstream {
namespace {

bool isInnerName(std::string_view host) {
  return host == "localhost" || host.ends_with(".svc") || host.ends_with(".local") ||
         host.ends_with(".internal");
}

}  // namespace

bool mayBeHttp2(const Endpoint& endpoint) {
  if (endpoint.version != HttpVersion::kAny) {
    return endpoint.version == HttpVersion::kHttp2;
  }
  return endpoint.tls != nullptr &&
         std::ranges::find(endpoint.tls->alpn, "h2") != endpoint.tls->alpn.end();
}

Result<EndpointHandle> overHttp1(const Endpoint& endpoint) {
  if (endpoint.version == HttpVersion::kHttp2) {
    return fail(
        ErrorKind::kNotSupported,
        Origin::kDownstream,
        "This backend is spoken to in HTTP/2 alone, which switches to no other protocol"
    );
  }
  auto other = std::make_shared<Endpoint>(endpoint);
  other->version = HttpVersion::kHttp1;
  other->pool_key += "#http/1.1";
  auto tls = std::make_shared<TlsSettings>(*endpoint.tls);
  tls->alpn = {"http/1.1"};
  other->tls = std::move(tls);
  return other;
}

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
