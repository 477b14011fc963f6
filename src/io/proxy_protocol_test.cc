#include "io/proxy_protocol.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "io/address.h"
#include "io/deadline.h"
#include "io/gate.h"
#include "io/reactor.h"
#include "io/run_task.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/tcp.h"

namespace gatehouse::io {
namespace {

using State = ProxyPreamble::State;

constexpr ProxyProtocolOptions kBoth{.v1 = true, .v2 = true};
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string number(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

/// A preamble of version 2.
std::string v2(char command, char family, const std::string& rest) {
  return std::string(kSignature) + command + family + number(rest.size()) + rest;
}

/// 192.0.2.7:4711 to 198.51.100.1:443.
std::string tcp4() {
  return std::string("\xc0\x00\x02\x07\xc6\x33\x64\x01", 8) + number(4711) + number(443);
}

ProxyPreamble read(std::string_view bytes, const ProxyProtocolOptions& options = kBoth) {
  return readProxyPreamble(bytes, options);
}

void expectEnds(const ProxyPreamble& preamble, std::string_view source, std::string_view target) {
  EXPECT_EQ(preamble.state, State::kWhole) << preamble.fault;
  ASSERT_TRUE(preamble.source.has_value());
  EXPECT_EQ(preamble.source->format(), source);
  EXPECT_EQ(preamble.destination->format(), target);
}

TEST(ProxyV1, BothFamilies) {
  const std::string_view v4 = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\nGET";
  expectEnds(read(v4), "192.0.2.7:4711", "198.51.100.1:443");
  EXPECT_EQ(read(v4).size, v4.size() - 3);
  expectEnds(read("PROXY TCP6 2001:db8::7 ::1 65535 0\r\n"), "[2001:db8::7]:65535", "[::1]:0");
}

TEST(ProxyV1, UnknownTellsNothing) {
  for (const std::string_view line : {"PROXY UNKNOWN\r\n", "PROXY UNKNOWN ff::1 x 1 2\r\n"}) {
    EXPECT_EQ(read(line).state, State::kWhole) << line;
    EXPECT_EQ(read(line).size, line.size());
    EXPECT_FALSE(read(line).source.has_value());
  }
}

TEST(ProxyV1, IsReadStrictly) {
  for (const std::string_view line : {
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\nxx",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\rx\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 1\r\n",
           "PROXY TCP4 192.0.2.7  198.51.100.1 4711 443\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 \r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 04711 443\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
           "PROXY TCP4 192.0.2.7 198.51.100.1 +1 443\r\n",
           "PROXY TCP4 192.0.2.07 198.51.100.1 4711 443\r\n",
           "PROXY TCP4 192.0.2 198.51.100.1 4711 443\r\n",
           "PROXY TCP4 ::1 ::1 4711 443\r\n",
           "PROXY TCP6 192.0.2.7 198.51.100.1 4711 443\r\n",
           "PROXY TCP6 [::1] ::1 4711 443\r\n",
           "PROXY TCP6 fe80::1%1 ::1 4711 443\r\n",
           "PROXY UDP4 192.0.2.7 198.51.100.1 4711 443\r\n",
           "PROXY tcp4 192.0.2.7 198.51.100.1 4711 443\r\n",
           "PROXY UNKNOWNS\r\n",
           "PROXY \r\n",
       }) {
    EXPECT_EQ(read(line).state, State::kRefused) << line;
  }
}

TEST(ProxyV1, Has107OctetsAtMost) {
  const std::string fits = "PROXY UNKNOWN " + std::string(107 - 16, 'x') + "\r\n";
  EXPECT_EQ(read(fits).size, 107u);
  EXPECT_EQ(read("PROXY UNKNOWN " + std::string(108 - 16, 'x') + "\r\n").state, State::kRefused);
  EXPECT_EQ(read(std::string_view(fits).substr(0, 106)).state, State::kPartial);
}

TEST(ProxyPreamble, WaitsAsLongAsNothingIsWrong) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n"), v2('\x21', '\x11', tcp4())
       }) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(read(std::string_view(whole).substr(0, size)).state, State::kPartial) << size;
    }
    EXPECT_EQ(read(whole).size, whole.size());
  }
}

TEST(ProxyPreamble, WhereNoneIsRequiredOtherBytesPass) {
  ProxyProtocolOptions optional = kBoth;
  optional.required = false;
  for (const std::string_view bytes : {"GET / HTTP/1.1\r\n", "PRI * HTTP/2.0", "\x16\x03\x01"}) {
    EXPECT_EQ(read(bytes, optional).state, State::kAbsent);
    EXPECT_EQ(read(bytes).state, State::kRefused);
  }
  EXPECT_EQ(read("P", optional).state, State::kPartial);
  EXPECT_EQ(read("PROXY TCP5", optional).state, State::kPartial) << "no line yet";
  EXPECT_EQ(read("PROXY TCP5\r\n", optional).state, State::kRefused);
}

TEST(ProxyPreamble, OtherVersionsThanThoseTakenAreRefused) {
  const std::string second = v2('\x21', '\x11', tcp4());
  for (const bool required : {true, false}) {
    EXPECT_EQ(
        read("PROXY UNKNOWN\r\n", {.v1 = false, .v2 = true, .required = required}).state,
        State::kRefused
    );
    EXPECT_EQ(read(second, {.v1 = true, .v2 = false, .required = required}).state, State::kRefused);
  }
}

TEST(ProxyV2, BothFamilies) {
  expectEnds(read(v2('\x21', '\x11', tcp4()) + "GET"), "192.0.2.7:4711", "198.51.100.1:443");
  const std::string six = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" +
                          std::string(15, '\0') + "\x01" + number(1) + number(2);
  expectEnds(read(v2('\x21', '\x21', six)), "[2001:db8::7]:1", "[::1]:2");
}

TEST(ProxyV2, LocalAndUnspecifiedTellNothing) {
  for (const std::string& bytes : {
           v2('\x20', '\x00', ""),
           v2('\x20', '\x11', tcp4()),
           v2('\x20', '\x7f', "whatever"),
           v2('\x21', '\x00', ""),
       }) {
    EXPECT_EQ(read(bytes).state, State::kWhole) << read(bytes).fault;
    EXPECT_EQ(read(bytes).size, bytes.size());
    EXPECT_FALSE(read(bytes).source.has_value());
  }
}

TEST(ProxyV2, AUnixSocketIsTheClient) {
  expectEnds(read(v2('\x21', '\x31', std::string(216, '\0'))), "unix", "unix");
}

TEST(ProxyV2, IsReadStrictly) {
  const std::string ends = tcp4();
  for (const std::string& bytes : {
           v2('\x11', '\x11', ends),            // version 1 in the binary form
           v2('\x22', '\x11', ends),            // an unknown command
           v2('\x21', '\x12', ends),            // datagrams
           v2('\x21', '\x13', ends),            // an unknown protocol
           v2('\x21', '\x41', ends),            // an unknown family
           v2('\x21', '\x11', ends.substr(1)),  // addresses cut off
           v2('\x21', '\x21', ends),            // the same
           v2('\x21', '\x11', ends + "\x04"),   // an extension without length
           v2('\x21', '\x11', ends + std::string("\x04\x00\x02\x01", 4)),  // longer than the rest
           std::string(kSignature) + "\x21\x11\x10\x01",                   // longer than we take
       }) {
    EXPECT_EQ(read(bytes).state, State::kRefused) << bytes.size();
  }
}

TEST(ProxyV2, ExtensionsAreSkippedAndTheChecksumHolds) {
  const std::string name = std::string("\x02\x00\x01", 3) + "h";
  expectEnds(read(v2('\x21', '\x11', tcp4() + name + name)), "192.0.2.7:4711", "198.51.100.1:443");
  // Computed by another implementation, over the same octets.
  const std::string head = tcp4() + name + std::string("\x03\x00\x04", 3);
  EXPECT_EQ(read(v2('\x21', '\x11', head + "\xbc\xa0\xf7\xb1")).state, State::kWhole);
  const ProxyPreamble bad = read(v2('\x21', '\x11', head + "\xbc\xa0\xf7\xb2"));
  EXPECT_EQ(bad.state, State::kRefused);
  EXPECT_EQ(bad.fault, "a checksum that does not hold");
}

class Taken : public testing::Test {
 protected:
  void SetUp() override {
    auto pair = connectedPair(reactor_);
    ASSERT_TRUE(pair.has_value());
    server_ = std::move(pair->first);
    client_ = std::move(pair->second);
  }
  void send(std::string_view bytes) {
    ASSERT_TRUE(runTask(reactor_, write(*client_, bytes)).has_value());
  }
  static Task<Result<void>> write(TcpStream& stream, std::string_view bytes) {
    co_return co_await stream.write(bytes);
  }
  static Task<Result<std::string>> readAll(TcpStream& stream, std::size_t count) {
    std::string text(count, '\0');
    GATEHOUSE_CO_TRY(std::size_t got, co_await stream.readInto(text));
    text.resize(got);
    co_return text;
  }
  Result<void> take(ProxyProtocolOptions options = kBoth) {
    return runTask(
        reactor_, acceptProxyProtocol(*server_, options, Deadline::after(reactor_, Millis(20)))
    );
  }

  Reactor reactor_;
  std::unique_ptr<TcpStream> server_;
  std::unique_ptr<TcpStream> client_;
};

TEST_F(Taken, NotAnOctetMoreThanThePreamble) {
  send("PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\nhello");
  ASSERT_TRUE(take().has_value());
  EXPECT_EQ(server_->peer().remote.format(), "192.0.2.7:4711");
  EXPECT_EQ(server_->peer().local.format(), "198.51.100.1:443");
  EXPECT_EQ(runTask(reactor_, readAll(*server_, 64)).value(), "hello");
  send("again");
  EXPECT_EQ(runTask(reactor_, readAll(*server_, 64)).value(), "again");
}

TEST_F(Taken, OctetByOctet) {
  const std::string bytes = v2('\x21', '\x11', tcp4()) + "x";
  Gate gate(reactor_);
  Stop stop;
  std::optional<Result<void>> taken;
  spawn(
      gate,
      [](TcpStream& server, std::optional<Result<void>>& out) -> Task<void> {
        out = co_await acceptProxyProtocol(server, kBoth, Deadline::never());
      }(*server_, taken),
      stop
  );
  for (const char octet : bytes) {
    EXPECT_FALSE(taken.has_value() && octet != bytes.back());
    send({&octet, 1});
    reactor_.turn(Millis(0));
  }
  while (gate.inside() > 0) {
    reactor_.turn(Millis(10));
  }
  ASSERT_TRUE(taken->has_value());
  EXPECT_EQ(server_->peer().remote.format(), "192.0.2.7:4711");
  EXPECT_EQ(runTask(reactor_, readAll(*server_, 64)).value(), "x");
}

TEST_F(Taken, NothingWhereThereIsNone) {
  send("GET / HTTP/1.1\r\n");
  ASSERT_TRUE(take({.v1 = true, .v2 = true, .required = false}).has_value());
  EXPECT_EQ(runTask(reactor_, readAll(*server_, 64)).value(), "GET / HTTP/1.1\r\n");
}

TEST_F(Taken, WhatIsRefusedIsABadRequest) {
  send("GET / HTTP/1.1\r\n");
  const Result<void> refused = take();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kBadRequest);
  EXPECT_EQ(refused.error().detail(), "PROXY preamble: none where the connection begins");
}

TEST_F(Taken, SilenceEndsAtTheDeadline) {
  send("PROXY");
  EXPECT_EQ(take().error().kind(), ErrorKind::kTimeout);
}

TEST_F(Taken, AnEndWithinThePreambleIsNoPreamble) {
  send("PROXY TCP4");
  client_->close();
  EXPECT_EQ(take().error().kind(), ErrorKind::kPeerClosed);
}

}  // namespace
}  // namespace gatehouse::io
