#include "http/target.h"

#include <string_view>

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

TEST(Authority, Parses) {
  EXPECT_EQ(parseAuthority("example.com")->host, "example.com");
  EXPECT_FALSE(parseAuthority("example.com")->port.has_value());
  EXPECT_EQ(parseAuthority("10.0.0.1:8080")->port, 8080);
  EXPECT_EQ(parseAuthority("[::1]:443")->host, "[::1]");
  EXPECT_EQ(parseAuthority("[::1]:443")->port, 443);
  EXPECT_FALSE(parseAuthority("[2001:db8::1]")->port.has_value());
  EXPECT_EQ(parseAuthority("")->host, "");
}

TEST(Authority, RefusesWhatIsAmbiguous) {
  for (std::string_view text : {"a:",       ":80",     "a:b",    "a:65536", "a:+1",
                                "a:000080", "a:80:81", "user@a", "a b",     "a,b",
                                "a/b",      "::1",     "[::1",   "::1]",    "[]",
                                "[zz::]",   "[::1]x",  "a%41",   "a\\b",    "[fe80::1%25eth0]"}) {
    EXPECT_FALSE(parseAuthority(text).has_value()) << text;
  }
}

TEST(Target, OriginFormStaysAsItCame) {
  auto target = parseTarget(Method::kGet, "/a%2Fb/../c//d?x=%zz&y={\"1\"}");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->form, TargetForm::kOrigin);
  EXPECT_EQ(target->origin, "/a%2Fb/../c//d?x=%zz&y={\"1\"}");
}

TEST(Target, AbsoluteFormYieldsItsParts) {
  auto target = parseTarget(Method::kGet, "HTTPS://Host:8443?q");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->form, TargetForm::kAbsolute);
  EXPECT_EQ(target->origin, "/?q");
  EXPECT_EQ(target->authority, "Host:8443");
}

TEST(Target, OtherFormsFitTheirMethods) {
  EXPECT_EQ(parseTarget(Method::kOptions, "*")->form, TargetForm::kAsterisk);
  EXPECT_EQ(parseTarget(Method::kConnect, "a:443")->authority, "a:443");
  EXPECT_FALSE(parseTarget(Method::kConnect, "a").has_value());
  EXPECT_FALSE(parseTarget(Method::kGet, "*").has_value());
  EXPECT_FALSE(parseTarget(Method::kGet, "").has_value());
  EXPECT_FALSE(parseTarget(Method::kGet, "http://").has_value());
  EXPECT_FALSE(parseTarget(Method::kGet, "http://u@a/").has_value());
  EXPECT_FALSE(parseTarget(Method::kGet, "/a?b#c").has_value());
}

}  // namespace
}  // namespace gatehouse::http
