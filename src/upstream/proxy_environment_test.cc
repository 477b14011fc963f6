#include "upstream/proxy_environment.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "upstream/endpoint.h"

namespace gatehouse::upstream {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

Result<ProxyEnvironment> read(const Variables& variables) {
  return ProxyEnvironment::read([&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

/// The proxy of an upstream with TLS; empty: none.
std::string proxyFor(const Variables& variables, std::string_view host, bool tls = true) {
  const auto environment = read(variables);
  EXPECT_TRUE(environment.has_value());
  const auto tunnel = environment->tunnelFor(host, 443, tls);
  return tunnel == nullptr ? "" : tunnel->proxies.front()->name;
}

TEST(ProxyEnvironment, EachSchemeHasItsVariable) {
  const Variables both{{"HTTPS_PROXY", "http://one:1"}, {"HTTP_PROXY", "http://two:2"}};
  EXPECT_EQ(proxyFor(both, "api.example"), "one:1");
  EXPECT_EQ(proxyFor(both, "api.example", false), "two:2");
  EXPECT_EQ(proxyFor({}, "api.example"), "");
  EXPECT_EQ(proxyFor({{"HTTPS_PROXY", "http://one:1"}}, "api.example", false), "");
}

TEST(ProxyEnvironment, LowerCaseGoesBeforeUpperCaseAndEmptyIsNotSet) {
  EXPECT_EQ(proxyFor({{"https_proxy", "a:1"}, {"HTTPS_PROXY", "b:2"}}, "x.example"), "a:1");
  EXPECT_EQ(proxyFor({{"https_proxy", " "}, {"HTTPS_PROXY", "b:2"}}, "x.example"), "b:2");
  EXPECT_EQ(proxyFor({{"HTTPS_PROXY", ""}}, "x.example"), "");
}

TEST(ProxyEnvironment, CredentialsAreForTheProxyAndNotShown) {
  const auto environment = read({{"HTTPS_PROXY", "http://us%65r:p%40ss:word@[::1]:3128/"}});
  ASSERT_TRUE(environment.has_value());
  const auto tunnel = environment->tunnelFor("x.example", 443, true);
  ASSERT_NE(tunnel, nullptr);
  EXPECT_EQ(tunnel->authorization->reveal(), "Basic dXNlcjpwQHNzOndvcmQ=");
  ASSERT_EQ(environment->named().size(), 1u);
  EXPECT_EQ(environment->named()[0].variable, "HTTPS_PROXY");
  EXPECT_EQ(environment->named()[0].proxy, "http://[::1]:3128");
}

TEST(ProxyEnvironment, TlsToTheProxyIsCheckedByItsName) {
  const auto environment = read({{"https_proxy", "https://Proxy.Example:8443"}});
  const auto proxy = environment->tunnelFor("x.example", 443, true)->proxies.front();
  ASSERT_NE(proxy->tls, nullptr);
  EXPECT_EQ(proxy->tls->sni, "proxy.example");
  EXPECT_EQ(proxy->tls->verify, Verify::kChainAndName);
}

TEST(ProxyEnvironment, WhatIsNoProxyIsAnErrorWithoutItsValue) {
  for (const char* text : {
           "socks5://u:secret@a:1",
           "http://u:secret@a",
           "http://u:secret@a:0",
           "http://u:secret@a:1/path",
           "http://u:%zzsecret@a:1",
           "http://u%3a:secret@a:1",
           "http://u:secret@",
           "a b",
       }) {
    const auto environment = read({{"HTTPS_PROXY", text}});
    ASSERT_FALSE(environment.has_value()) << text;
    EXPECT_TRUE(environment.error().detail().starts_with("HTTPS_PROXY: expected")) << text;
    EXPECT_FALSE(environment.error().detail().contains("secret")) << text;
  }
}

bool isDirect(std::string_view list, std::string_view host, std::uint16_t port = 443) {
  const auto direct = NoProxy::parse(list);
  EXPECT_TRUE(direct.has_value()) << list;
  return direct && direct->covers(host, port);
}

TEST(NoProxy, NamesAndAllBelowThem) {
  constexpr std::string_view kList = "example.com, .inner  Corp.Example.,,*.star.example";
  for (const char* host :
       {"example.com",
        "a.example.com",
        "a.example.com.",
        "inner",
        "x.inner",
        "corp.example",
        "star.example",
        "a.b.star.example"}) {
    EXPECT_TRUE(isDirect(kList, host)) << host;
  }
  for (const char* host :
       {"badexample.com", "example.com.evil", "com", "10.0.0.1", "badstar.example"}) {
    EXPECT_FALSE(isDirect(kList, host)) << host;
  }
}

TEST(NoProxy, AddressesAndBlocks) {
  constexpr std::string_view kList = "10.0.0.0/8,192.168.1.7,fd00::/8,[fe80::7]";
  for (const char* host : {"10.9.8.7", "192.168.1.7", "fd12::1", "fe80::7"}) {
    EXPECT_TRUE(isDirect(kList, host)) << host;
  }
  for (const char* host : {"11.0.0.1", "192.168.1.8", "fe00::1", "fe80::8", "a.example"}) {
    EXPECT_FALSE(isDirect(kList, host)) << host;
  }
}

TEST(NoProxy, APortIsForThatPortAlone) {
  constexpr std::string_view kList =
      "corp.example:80,*.star.example:81,192.168.1.7:82,[fd00::1]:83";
  EXPECT_TRUE(isDirect(kList, "a.corp.example", 80));
  EXPECT_TRUE(isDirect(kList, "a.star.example", 81));
  EXPECT_TRUE(isDirect(kList, "192.168.1.7", 82));
  EXPECT_TRUE(isDirect(kList, "fd00::1", 83));
  for (const char* host : {"corp.example", "a.star.example", "192.168.1.7", "fd00::1"}) {
    EXPECT_FALSE(isDirect(kList, host, 443)) << host;
  }
}

TEST(NoProxy, AllAndLoopback) {
  EXPECT_TRUE(isDirect("*", "api.example"));
  EXPECT_TRUE(isDirect("other, *", "api.example"));
  for (const char* host : {"localhost", "a.localhost", "127.0.0.1", "::1"}) {
    EXPECT_TRUE(NoProxy().covers(host, 443)) << host;
  }
  EXPECT_FALSE(isDirect("", "api.example"));
}

TEST(NoProxy, WhatCannotBeReadIsAnErrorWithoutItsText) {
  for (const char* text :
       {"172.16.0.0/33",
        "corp.example/8",
        "corp.example:",
        "corp.example:0",
        "c.example:65536",
        "192.168.*",
        "*corp.example",
        "a.*.example",
        "10.0.0",
        "<local>",
        "http://u:secret@a",
        "[::1",
        "[::1]80",
        "[a.example]:80",
        ".",
        "*.",
        ":80",
        "a..example",
        "**"}) {
    const auto environment =
        read({{"HTTPS_PROXY", "http://one:1"}, {"no_proxy", std::string("a.example, ") + text}});
    ASSERT_FALSE(environment.has_value()) << text;
    EXPECT_TRUE(environment.error().detail().starts_with("no_proxy entry 2: expected")) << text;
    EXPECT_FALSE(environment.error().detail().contains("secret")) << text;
    EXPECT_TRUE(read({{"NO_PROXY", text}}).has_value()) << "no proxy, nothing to be left out";
  }
}

}  // namespace
}  // namespace gatehouse::upstream
