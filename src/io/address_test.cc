#include "io/address.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/result.h"

namespace gatehouse::io {
namespace {

TEST(Address, ParsesAndFormats) {
  for (const char* text :
       {"127.0.0.1:80", "0.0.0.0:0", "[::1]:8080", "[2001:db8::5]:443", "[fe80::1%7]:65535"}) {
    Result<Address> address = Address::parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->format(), text);
  }
  EXPECT_EQ(Address::fromIp("[::1]", 1)->formatIp(), "::1");
}

TEST(Address, RefusesEverythingElse) {
  for (const char* text :
       {"",
        "80",
        ":80",
        "localhost:80",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:80x",
        "::1:80",
        "[::1]",
        "[]:80",
        "256.0.0.1:80",
        "127.1:80",
        "[::1%]:80"}) {
    Result<Address> address = Address::parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().kind(), ErrorKind::kInvalidConfiguration);
  }
  EXPECT_FALSE(Address::fromIp("example.com", 1).has_value());
}

TEST(Address, KnowsItsRange) {
  auto ip = [](const char* text) { return *Address::fromIp(text, 0); };
  for (const char* text : {"127.0.0.1", "127.255.0.3", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(ip(text).isLoopback()) << text;
  }
  for (const char* text : {"128.0.0.1", "::2", "10.0.0.1"}) {
    EXPECT_FALSE(ip(text).isLoopback()) << text;
  }
  for (const char* text :
       {"10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.9.9",
        "100.64.0.1",
        "fd00::1",
        "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(ip(text).isPrivate()) << text;
  }
  for (const char* text : {"172.32.0.1", "11.0.0.1", "8.8.8.8", "2001:db8::1"}) {
    EXPECT_FALSE(ip(text).isPrivate()) << text;
  }
  EXPECT_TRUE(ip("169.254.169.254").isLinkLocal());
  EXPECT_TRUE(ip("fe80::1").isLinkLocal());
  EXPECT_FALSE(ip("fec0::1").isLinkLocal());
  EXPECT_TRUE(Address::any(80).isUnspecified());
  EXPECT_TRUE(Address::any(80, Family::kV6).isUnspecified());
  EXPECT_FALSE(Address::loopback(80).isUnspecified());
}

TEST(Address, AUnixSocketIsNoIpAddress) {
  const Address socket = Address::unixSocket();
  EXPECT_EQ(socket.format(), "unix");
  EXPECT_EQ(socket.formatIp(), "unix");
  EXPECT_FALSE(socket.isLoopback() || socket.isPrivate() || socket.isLinkLocal());
  EXPECT_FALSE(socket.isUnspecified());
  EXPECT_NE(socket, Address());
}

TEST(Address, Compares) {
  Address a = Address::loopback(80);
  EXPECT_EQ(a, *Address::parse("127.0.0.1:80"));
  EXPECT_NE(a, a.withPort(81));
  EXPECT_LE(sizeof(Address), 24u);
}

}  // namespace
}  // namespace gatehouse::io
