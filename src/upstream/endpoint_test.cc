#include "upstream/endpoint.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse::upstream {
namespace {

Endpoint named(std::string host, std::uint16_t port) {
  Endpoint endpoint;
  endpoint.host = std::move(host);
  endpoint.port = port;
  nameEndpoint(endpoint);
  return endpoint;
}

TEST(Endpoint, IsNamedByHostAndPort) {
  EXPECT_EQ(named("api.example.com", 443).name, "api.example.com:443");
  EXPECT_EQ(named("10.0.0.1", 80).name, "10.0.0.1:80");
  EXPECT_EQ(named("fd00::1", 80).name, "[fd00::1]:80");
}

TEST(Endpoint, InsideArePrivateAddressesAndInnerNames) {
  for (const char* host :
       {"127.0.0.1", "10.1.2.3", "169.254.0.1", "::1", "localhost", "a.ns.svc", "db.internal"}) {
    EXPECT_TRUE(named(host, 80).inside) << host;
  }
  for (const char* host : {"8.8.8.8", "2001:4860::1", "api.example.com", "svc.example.com"}) {
    EXPECT_FALSE(named(host, 80).inside) << host;
  }
}

TEST(Endpoint, AUnixSocketIsOurs) {
  Endpoint endpoint;
  endpoint.unix_path = "/run/model.sock";
  nameEndpoint(endpoint);
  EXPECT_EQ(endpoint.name, "unix:/run/model.sock");
  EXPECT_TRUE(endpoint.inside);
}

TEST(Endpoint, OneOfHttp2IsKnownByItsVersionOrItsAlpn) {
  Endpoint endpoint;
  EXPECT_FALSE(mayBeHttp2(endpoint));
  endpoint.version = HttpVersion::kHttp2;
  EXPECT_TRUE(mayBeHttp2(endpoint));
  EXPECT_EQ(overHttp1(endpoint).error().kind(), ErrorKind::kNotSupported);
  endpoint.version = HttpVersion::kAny;
  endpoint.pool_key = "key";
  auto tls = std::make_shared<TlsSettings>();
  tls->alpn = {"h2", "http/1.1"};
  endpoint.tls = tls;
  EXPECT_TRUE(mayBeHttp2(endpoint));
  auto other = overHttp1(endpoint);
  ASSERT_TRUE(other.has_value());
  EXPECT_FALSE(mayBeHttp2(**other));
  EXPECT_EQ((*other)->tls->alpn, std::vector<std::string>{"http/1.1"});
  EXPECT_NE((*other)->pool_key, endpoint.pool_key);
  tls->alpn = {"http/1.1"};
  EXPECT_FALSE(mayBeHttp2(endpoint));
}

}  // namespace
}  // namespace gatehouse::upstream
