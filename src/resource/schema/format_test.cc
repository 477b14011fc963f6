#include "resource/schema/format.h"

#include <string>

#include <gtest/gtest.h>

namespace gatehouse::resource {
namespace {

bool accepts(std::string_view format, std::string_view text) {
  return findFormat(format)->accepts(text);
}

TEST(Format, DnsNames) {
  EXPECT_TRUE(accepts("dns", "my-name.v1"));
  EXPECT_FALSE(accepts("dns", "My-Name"));
  EXPECT_FALSE(accepts("dns", "-a"));
  EXPECT_FALSE(accepts("dns", "a..b"));
  EXPECT_FALSE(accepts("ns", "a.b"));
  EXPECT_FALSE(isDnsName(std::string(64, 'a')));
}

TEST(Format, HostNamesAreNoAddresses) {
  EXPECT_TRUE(accepts("hostname", "*.example.com"));
  EXPECT_FALSE(accepts("hostname", "*"));
  EXPECT_FALSE(accepts("hostname", "a.*.example.com"));
  EXPECT_FALSE(accepts("hostname", "10.0.0.1"));
}

TEST(Format, HeaderNames) {
  EXPECT_TRUE(accepts("hdr", "X-Api-Key"));
  EXPECT_FALSE(accepts("hdr", "X Api Key"));
  EXPECT_FALSE(accepts("hdr", ":path"));
  EXPECT_TRUE(accepts("hdrOrPseudo", ":path"));
}

TEST(Format, Origins) {
  for (const char* text :
       {"*",
        "https://example.com",
        "http://a:8080",
        "https://*.example.com:1",
        "https://*",
        "http://*:8080"}) {
    EXPECT_TRUE(accepts("origin", text)) << text;
  }
  for (const char* text :
       {"example.com",
        "ftp://a",
        "https://",
        "https://a/b",
        "https://*.",
        "ftp://*",
        "https://*:",
        "https://*:x",
        "https://*a"}) {
    EXPECT_FALSE(accepts("origin", text)) << text;
  }
}

TEST(Format, Base64) {
  EXPECT_TRUE(accepts("base64", ""));
  EXPECT_TRUE(accepts("base64", "Z29v\nZA=="));
  EXPECT_FALSE(accepts("base64", "Z29vZA="));
  EXPECT_FALSE(accepts("base64", "Z=9v"));
}

TEST(Format, RoleArn) {
  EXPECT_TRUE(accepts("roleArn", "arn:aws-cn:iam::123456789012:role/team/name"));
  EXPECT_FALSE(accepts("roleArn", "arn:aws:iam::1234:role/name"));
}

TEST(ParseHttpUrl, TakesApart) {
  const auto url = parseHttpUrl("https://[::1]:8443/v1");
  ASSERT_TRUE(url.has_value());
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/v1");
  EXPECT_EQ(parseHttpUrl("http://a")->port, std::nullopt);
  EXPECT_EQ(parseHttpUrl("http://[fe80::1%eth0]:3128")->host, "fe80::1%eth0");
}

TEST(ParseHttpUrl, RefusesOtherThings) {
  for (const char* text :
       {"a",
        "http://",
        "http://:80",
        "http://a:0",
        "http://a:99999",
        "http://a?b",
        "http://u@a",
        "http://[::1",
        "http://a b",
        "http://a:",
        "http://[]",
        "http://[a]:80",
        "http://[[::1]:80",
        "http://[::1]]:80",
        "http://[::1]80",
        "http://::1",
        "http://[fe80::1%]:80",
        "http://[fe80::1%a%b]:80",
        "http://a]:80"}) {
    EXPECT_FALSE(parseHttpUrl(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace gatehouse::resource
