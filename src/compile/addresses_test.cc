#include "compile/addresses.h"

#include <gtest/gtest.h>

namespace gatehouse::compile {
namespace {

TEST(ParseBindAddress, TakesIpAddressesWithPort) {
  EXPECT_EQ(toString(*parseBindAddress("127.0.0.1:8080")), "127.0.0.1:8080");
  EXPECT_EQ(toString(*parseBindAddress("[::1]:8080")), "[::1]:8080");
  EXPECT_EQ(parseBindAddress("127.0.0.1:0")->port, 0);
  for (const char* text :
       {"",
        ":80",
        "localhost:80",
        "127.0.0.1",
        "127.0.0.1:65536",
        "::1:80",
        "[127.0.0.1]:80",
        "256.0.0.1:80",
        "1.2.3:80",
        "[::1]80"}) {
    EXPECT_FALSE(parseBindAddress(text)) << text;
  }
}

TEST(ParseBindAddress, TakesPathsOfUnixSockets) {
  EXPECT_EQ(toString(*parseBindAddress("unix:/run/edge.sock")), "unix:/run/edge.sock");
  const std::string longest = "unix:/" + std::string(106, 'x');
  EXPECT_TRUE(parseBindAddress(longest));
  EXPECT_FALSE(parseBindAddress(longest + "x"));
  EXPECT_FALSE(parseBindAddress("unix:edge.sock"));
  EXPECT_FALSE(parseBindAddress("unix:"));
}

TEST(ParseBindFlag, SplitsAtTheEqualsSign) {
  const auto flag = parseBindFlag("ns/gw/http=[::1]:8080");
  ASSERT_TRUE(flag);
  EXPECT_EQ(flag->target, "ns/gw/http");
  EXPECT_EQ(flag->address, "[::1]:8080");
  const auto wrong = parseBindFlag("gw:8080");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().detail().contains("expected GATEWAY[/LISTENER]=ADDR:PORT"));
}

TEST(IsIpv6, AcceptsTheFormsOfRfc4291) {
  for (const char* text :
       {"::",
        "::1",
        "1::",
        "2001:db8::1",
        "1:2:3:4:5:6:7:8",
        "::ffff:1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4",
        "fe80::A:b"}) {
    EXPECT_TRUE(isIpv6(text)) << text;
  }
  for (const char* text :
       {"",
        ":",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "12345::",
        "g::",
        "1:2:3:4:5:6:7::8",
        "1.2.3.4",
        "::1%eth0",
        "1.2.3.4::"}) {
    EXPECT_FALSE(isIpv6(text)) << text;
  }
}

TEST(Collide, AllAddressesMeetEachOneOfTheirFamily) {
  const auto hit = [](const char* a, const char* b) {
    return collide(*parseBindAddress(a), *parseBindAddress(b));
  };
  EXPECT_TRUE(hit("unix:/a", "unix:/a"));
  EXPECT_FALSE(hit("unix:/a", "unix:/b"));
  EXPECT_FALSE(hit("unix:/a", "0.0.0.0:0"));
  EXPECT_TRUE(hit("127.0.0.1:80", "127.0.0.1:80"));
  EXPECT_TRUE(hit("127.0.0.1:80", "0.0.0.0:80"));
  EXPECT_TRUE(hit("[::]:80", "[::1]:80"));
  EXPECT_FALSE(hit("127.0.0.1:80", "127.0.0.2:80"));
  EXPECT_FALSE(hit("0.0.0.0:80", "[::]:80"));
  EXPECT_FALSE(hit("0.0.0.0:80", "0.0.0.0:81"));
  EXPECT_FALSE(hit("127.0.0.1:0", "127.0.0.1:0"));
}

TEST(GivePort, MapsKnownPortsAndKeepsHighOnes) {
  std::set<std::uint16_t> taken;
  EXPECT_EQ(givePort(80, "a/b/80", taken), 8080);
  EXPECT_EQ(givePort(443, "a/b/443", taken), 8443);
  EXPECT_EQ(givePort(1024, "a/b/1024", taken), 1024);
  EXPECT_EQ(taken, (std::set<std::uint16_t>{1024, 8080, 8443}));
}

TEST(GivePort, AClashGetsTheSamePortEachTime) {
  std::set<std::uint16_t> taken{8080};
  // 30000 + FNV-1a-64("agentgateway-system/dgx-spark-gateway/80") mod 2768.
  const std::uint16_t port = givePort(80, "agentgateway-system/dgx-spark-gateway/80", taken);
  EXPECT_EQ(port, 30650);
  std::set<std::uint16_t> again{8080};
  EXPECT_EQ(givePort(80, "agentgateway-system/dgx-spark-gateway/80", again), port);
  EXPECT_EQ(givePort(80, "agentgateway-system/dgx-spark-gateway/80", again), port + 1);
}

TEST(GivePort, WrapsAroundAndGivesUpWhenAllAreTaken) {
  std::set<std::uint16_t> taken;
  for (std::uint16_t port = 30000; port < 32768; ++port) {
    taken.insert(port);
  }
  EXPECT_EQ(givePort(81, "a", taken), 0);
  taken.erase(30005);
  EXPECT_EQ(givePort(81, "a", taken), 30005);
}

}  // namespace
}  // namespace gatehouse::compile
