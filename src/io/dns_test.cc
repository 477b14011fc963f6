#include "io/dns.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/address.h"
#include "io/gate.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "io/socket_address.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/waiter.h"

namespace gatehouse::io {
namespace {

using Addresses = Result<std::vector<Address>>;

/// A DNS server on loopback that knows IPv4 addresses of a few names.
class FakeDns final : private FdWatcher {
 public:
  explicit FakeDns(Reactor& reactor) {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    SocketAddress any = toSystem(Address::loopback(0));
    EXPECT_EQ(::bind(fd_, any.get(), any.length), 0);
    EXPECT_TRUE(reactor.watch(fd_, *this).has_value());
  }
  FakeDns(const FakeDns&) = delete;
  FakeDns& operator=(const FakeDns&) = delete;
  ~FakeDns() { ::close(fd_); }

  std::string servers() const { return localAddressOf(fd_).format(); }

  std::map<std::string, std::string> names;  // name -> IPv4
  int ttl = 60;
  int questions = 0;  // for addresses of IPv4
  bool silent = false;

 private:
  static std::string nameIn(const std::string& packet) {
    std::string name;
    for (std::size_t at = 12; at < packet.size() && packet[at] != 0;) {
      auto length = static_cast<std::size_t>(packet[at]);
      name += (name.empty() ? "" : ".") + packet.substr(at + 1, length);
      at += length + 1;
    }
    return name;
  }

  void onFd(FdEvents /*events*/) override {
    std::array<char, 1500> buffer{};
    SocketAddress from;
    while (true) {
      from.length = sizeof from.storage;
      ssize_t count = ::recvfrom(fd_, buffer.data(), buffer.size(), 0, from.get(), &from.length);
      if (count < 12) {
        return;
      }
      std::string answer = answerTo(std::string(buffer.data(), static_cast<std::size_t>(count)));
      if (!silent) {
        ::sendto(fd_, answer.data(), answer.size(), 0, from.get(), from.length);
      }
    }
  }

  std::string answerTo(std::string packet) {
    std::string name = nameIn(packet);
    std::size_t end = 12 + name.size() + 2 + 4;
    bool wants_v4 = packet[end - 3] == 1;
    questions += wants_v4 ? 1 : 0;
    packet.resize(end);
    auto known = names.find(name);
    bool found = known != names.end() && wants_v4;
    packet[2] = static_cast<char>(0x81);
    packet[3] = static_cast<char>(known == names.end() ? 0x83 : 0x80);  // NXDOMAIN or fine
    packet[7] = found ? 1 : 0;
    packet[8] = packet[9] = packet[10] = packet[11] = 0;
    if (found) {
      Address address = *Address::fromIp(known->second, 0);
      std::string record("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04", 12);
      record[8] = static_cast<char>(ttl >> 8);
      record[9] = static_cast<char>(ttl);
      record.append(reinterpret_cast<const char*>(address.bytes().data()), 4);
      packet += record;
    }
    return packet;
  }

  int fd_ = -1;
};

class Dns : public testing::Test {
 protected:
  Dns() { server.names = {{"one.test", "192.0.2.1"}, {"two.test", "192.0.2.2"}}; }

  ResolverOptions options() { return {.hosts_path = "/nonexistent", .servers = server.servers()}; }

  ManualClock clock;
  Reactor reactor{{.clock = &clock}};
  FakeDns server{reactor};
};

TEST_F(Dns, AsksOnceAndRemembersForTheTtl) {
  Resolver resolver(reactor, options());
  EXPECT_FALSE(resolver.known("one.test", 443).has_value());
  Addresses first = runTask(reactor, resolver.resolve("ONE.test", 443));
  ASSERT_TRUE(first.has_value()) << first.error().chain();
  EXPECT_EQ(first->at(0).format(), "192.0.2.1:443");
  EXPECT_EQ(runTask(reactor, resolver.resolve("one.test", 80))->at(0).format(), "192.0.2.1:80");
  EXPECT_EQ(server.questions, 1);
  EXPECT_TRUE(resolver.known("one.test", 1).has_value());
  clock.advance(Seconds(61));
  reactor.turn(Nanos::zero());
  EXPECT_FALSE(resolver.known("one.test", 1).has_value());
  server.names["one.test"] = "192.0.2.9";
  EXPECT_EQ(runTask(reactor, resolver.resolve("one.test", 80))->at(0).formatIp(), "192.0.2.9");
}

TEST_F(Dns, TtlIsBounded) {
  ResolverOptions bounded = options();
  bounded.min_ttl = Seconds(10);
  bounded.max_ttl = Seconds(20);
  Resolver resolver(reactor, bounded);
  server.ttl = 0;
  ASSERT_TRUE(runTask(reactor, resolver.resolve("one.test", 1)).has_value());
  server.ttl = 30'000;
  ASSERT_TRUE(runTask(reactor, resolver.resolve("two.test", 1)).has_value());
  clock.advance(Seconds(9));
  reactor.turn(Nanos::zero());
  EXPECT_TRUE(resolver.known("one.test", 1).has_value());
  clock.advance(Seconds(9));
  reactor.turn(Nanos::zero());
  EXPECT_FALSE(resolver.known("one.test", 1).has_value());
  EXPECT_TRUE(resolver.known("two.test", 1).has_value());
  clock.advance(Seconds(3));
  reactor.turn(Nanos::zero());
  EXPECT_FALSE(resolver.known("two.test", 1).has_value());
}

TEST_F(Dns, FailuresAreNamedAndRememberedShortly) {
  Resolver resolver(reactor, options());
  Addresses first = runTask(reactor, resolver.resolve("no.test", 443));
  ASSERT_FALSE(first.has_value());
  EXPECT_EQ(first.error().kind(), ErrorKind::kDns);
  EXPECT_EQ(first.error().retry(), Retry::kNever);
  EXPECT_NE(first.error().detail().find("no.test"), std::string::npos);
  EXPECT_FALSE(runTask(reactor, resolver.resolve("no.test", 443)).has_value());
  EXPECT_EQ(server.questions, 1);
  server.names["no.test"] = "192.0.2.7";
  clock.advance(Seconds(3));
  reactor.turn(Nanos::zero());
  EXPECT_TRUE(runTask(reactor, resolver.resolve("no.test", 443)).has_value());
}

Task<void> keep(Task<Addresses> task, std::optional<Addresses>& out) {
  out.emplace(co_await std::move(task));
}

TEST_F(Dns, LookupsOfOneNameShareAQueryAndAreCancelledAlone) {
  Resolver resolver(reactor, options());
  Gate gate(reactor);
  Stop first_stop;
  Stop second_stop;
  std::optional<Addresses> first;
  std::optional<Addresses> second;
  spawn(gate, keep(resolver.resolve("one.test", 1), first), first_stop);
  spawn(gate, keep(resolver.resolve("one.test", 2), second), second_stop);
  reactor.turn(Nanos::zero());
  first_stop.request();
  while (!first || !second) {
    reactor.turn(Seconds(1));
  }
  EXPECT_EQ(first->error().kind(), ErrorKind::kCancelled);
  EXPECT_EQ((*second)->at(0).port(), 2);
  EXPECT_EQ(server.questions, 1);
  runTask(reactor, drain(gate));
}

TEST_F(Dns, MayEndWithAQuestionOpen) {
  server.silent = true;
  Gate gate(reactor);
  Stop stop;
  std::optional<Addresses> out;
  {
    Resolver resolver(reactor, options());
    spawn(gate, keep(resolver.resolve("one.test", 1), out), stop);
    reactor.turn(Nanos::zero());
    stop.request();
    runTask(reactor, drain(gate));
  }
  EXPECT_EQ(out->error().kind(), ErrorKind::kCancelled);
  reactor.turn(Nanos::zero());
}

std::string formatted(const std::vector<Address>& addresses) {
  std::string text;
  for (const Address& address : addresses) {
    text += (text.empty() ? "" : " ") + address.format();
  }
  return text;
}

TEST_F(Dns, WhatNeedsNoServerIsKnownInOrder) {
  std::string path = testing::TempDir() + "/gatehouse-hosts-" + std::to_string(::getpid());
  std::ofstream(path
  ) << "# comment\n192.0.2.50 Fixed.test alias.test # more\nrubbish line\n::1 fixed.test\n";
  ResolverOptions with = options();
  with.hosts_path = path;
  with.overrides = {
      *HostOverride::parse("*:443:192.0.2.9"),
      *HostOverride::parse("Fixed.test:443:[::1],127.0.0.1:8443,192.0.2.1")
  };
  Resolver resolver(reactor, with);
  EXPECT_EQ(
      formatted(*resolver.known("fixed.test", 443)), "[::1]:443 127.0.0.1:8443 192.0.2.1:443"
  );
  EXPECT_EQ(formatted(*resolver.known("other.test", 443)), "192.0.2.9:443");
  ASSERT_EQ(resolver.known("fixed.test", 80)->size(), 2u);
  EXPECT_EQ(resolver.known("ALIAS.test", 80)->at(0).format(), "192.0.2.50:80");
  EXPECT_EQ(resolver.known("10.0.0.1", 80)->at(0).format(), "10.0.0.1:80");
  EXPECT_EQ(resolver.known("[::1]", 80)->at(0).format(), "[::1]:80");
  EXPECT_TRUE(resolver.known("a.localhost", 80)->at(0).isLoopback());
  std::ofstream(path) << "192.0.2.51 fixed.test\n";
  clock.advance(Seconds(2));
  reactor.turn(Nanos::zero());
  EXPECT_EQ(resolver.known("fixed.test", 80)->at(0).format(), "192.0.2.51:80");
  std::remove(path.c_str());
  EXPECT_EQ(server.questions, 0);
}

/// The addresses an override gives, or what is wrong with it.
std::string targetsOf(std::string_view text) {
  Result<HostOverride> parsed = HostOverride::parse(text);
  return parsed ? formatted(parsed->targets) : parsed.error().chain();
}

TEST(HostOverride, ParsesAsCurlDoes) {
  Result<HostOverride> plain = HostOverride::parse("API.openai.com:443:127.0.0.1");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->host, "api.openai.com");
  EXPECT_EQ(plain->port, 443);
  EXPECT_EQ(formatted(plain->targets), "127.0.0.1:443");
  EXPECT_EQ(targetsOf("h:1:[::1]"), "[::1]:1");
  EXPECT_EQ(targetsOf("h:1:[::1]:2"), "[::1]:2");
  EXPECT_EQ(targetsOf("h:1:::1"), "[::1]:1");
  EXPECT_EQ(targetsOf("h:1:192.0.2.1,[::1]:2,192.0.2.2:3"), "192.0.2.1:1 [::1]:2 192.0.2.2:3");
  EXPECT_EQ(HostOverride::parse("*:1:127.0.0.1")->host, "*");
}

TEST(HostOverride, SaysWhatIsWrong) {
  EXPECT_EQ(
      targetsOf("h:1"),
      "'h:1' is not HOST:PORT:ADDRESS[:PORT][,ADDRESS[:PORT]]..., such as "
      "api.example.com:443:127.0.0.1:8443,[::1]:8443"
  );
  EXPECT_EQ(
      targetsOf("h:1:127.0.0.1,name:2"),
      "'h:1:127.0.0.1,name:2' is not HOST:PORT:ADDRESS[:PORT][,ADDRESS[:PORT]]... ('name:2' is no "
      "address), such as api.example.com:443:127.0.0.1:8443,[::1]:8443"
  );
  for (const char* text :
       {"",
        "h",
        "h:x:127.0.0.1",
        "h:0:127.0.0.1",
        ":1:127.0.0.1",
        "h:1:",
        "h:1:name",
        "h:1:127.0.0.1:x",
        "h:1:127.0.0.1:0",
        "h:1:127.0.0.1,",
        "h:1:,127.0.0.1",
        "h:1:127.0.0.1,,127.0.0.1",
        "h:1:127.0.0.1 ,127.0.0.1",
        "+h:1:127.0.0.1"}) {
    EXPECT_FALSE(HostOverride::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace gatehouse::io
