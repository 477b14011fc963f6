#include "io/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/result.h"
#include "base/text.h"
#include "io/address.h"
#include "io/deadline.h"
#include "io/reactor.h"
#include "io/stream.h"
#include "io/task.h"
#include "io/tcp.h"
#include "io/waiter.h"

namespace gatehouse::io {

namespace {

using State = ProxyPreamble::State;

constexpr std::string_view kV1 = "PROXY ";
constexpr std::string_view kV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kV2Head = 16;  // signature, command, family, length

ProxyPreamble refused(std::string_view fault) {
  ProxyPreamble preamble;
  preamble.state = State::kRefused;
  preamble.fault = fault;
  return preamble;
}

/// Whether `bytes` is, or may become, what begins with `signature`.
bool mayBegin(std::string_view bytes, std::string_view signature) {
  return bytes.substr(0, signature.size()) == signature.substr(0, bytes.size());
}

// ---- Version 1: one line of text.

/// A decimal without leading zeros, which some would read as octal.
std::optional<std::uint16_t> readPort(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') {
    return std::nullopt;
  }
  const auto port = parseUnsigned(text, 65535);
  return port ? std::optional(static_cast<std::uint16_t>(*port)) : std::nullopt;
}

std::optional<Address> readAddress(Family family, std::string_view ip, std::string_view port) {
  const auto number = readPort(port);
  // Brackets and zones, which Address::fromIp takes, are no part of this syntax.
  if (!number || ip.find_first_of("[]%") != std::string_view::npos) {
    return std::nullopt;
  }
  std::optional<Address> address = Address::fromIp(ip, *number);
  return address && address->family() == family ? address : std::nullopt;
}

/// `line` without its end.
ProxyPreamble readLine(std::string_view line) {
  std::string_view rest = line.substr(kV1.size());
  ProxyPreamble preamble;
  preamble.state = State::kWhole;
  preamble.size = line.size() + 2;
  if (rest == "UNKNOWN" || rest.starts_with("UNKNOWN ")) {
    return preamble;  // and what follows is to be ignored
  }
  std::array<std::string_view, 5> words;  // protocol, two addresses, two ports
  std::size_t count = 0;
  std::optional<std::string_view> left = rest;
  while (auto word = takePart(left, ' ')) {
    if (count == words.size()) {
      return refused("too many words");
    }
    words[count++] = *word;
  }
  if (count < words.size() || (words[0] != "TCP4" && words[0] != "TCP6")) {
    return refused("neither TCP4, TCP6 nor UNKNOWN, or too few words");
  }
  const Family family = words[0] == "TCP4" ? Family::kV4 : Family::kV6;
  preamble.source = readAddress(family, words[1], words[3]);
  preamble.destination = readAddress(family, words[2], words[4]);
  return preamble.source && preamble.destination ? preamble : refused("no address, or no port");
}

ProxyPreamble readV1(std::string_view bytes) {
  const std::string_view window = bytes.substr(0, kMaxProxyV1);
  const std::size_t end = window.find('\r');
  if (window.substr(0, end).find('\n') != std::string_view::npos) {
    return refused("a line that does not end with CRLF");
  }
  if (end == std::string_view::npos || end + 1 == window.size()) {
    return window.size() < kMaxProxyV1 ? ProxyPreamble() : refused("longer than 107 octets");
  }
  return window[end + 1] == '\n' ? readLine(window.substr(0, end))
                                 : refused("a line that does not end with CRLF");
}

// ---- Version 2: binary.

std::uint8_t octetAt(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t numberAt(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>((octetAt(bytes, at) << 8) | octetAt(bytes, at + 1));
}

/// CRC32c (RFC 9260 appendix A), bit by bit: it is rare, and short.
class Crc32c {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) {
      rest_ ^= static_cast<std::uint8_t>(c);
      for (int bit = 0; bit < 8; ++bit) {
        rest_ = (rest_ >> 1) ^ ((rest_ & 1) != 0 ? 0x82f63b78U : 0U);
      }
    }
  }
  std::uint32_t value() const { return ~rest_; }

 private:
  std::uint32_t rest_ = 0xffffffff;
};

/// The checksum is over the whole preamble with its own four octets zero.
bool checksumHolds(std::string_view preamble, std::size_t at) {
  Crc32c crc;
  crc.add(preamble.substr(0, at));
  crc.add(std::string_view("\0\0\0\0", 4));
  crc.add(preamble.substr(at + 4));
  const std::uint32_t told =
      (std::uint32_t{numberAt(preamble, at)} << 16) | numberAt(preamble, at + 2);
  return crc.value() == told;
}

/// What is wrong with the extensions from `at` to the end, or nothing.
std::string_view faultOfExtensions(std::string_view preamble, std::size_t at) {
  constexpr std::uint8_t kCrc32c = 0x03;
  constexpr std::size_t kHead = 3;
  while (at < preamble.size()) {
    if (preamble.size() - at < kHead) {
      return "an extension that is cut off";
    }
    const std::uint16_t length = numberAt(preamble, at + 1);
    if (length > preamble.size() - at - kHead) {
      return "an extension longer than the preamble";
    }
    if (octetAt(preamble, at) == kCrc32c && (length != 4 || !checksumHolds(preamble, at + kHead))) {
      return "a checksum that does not hold";
    }
    at += kHead + length;
  }
  return "";
}

Address addressAt(Family family, std::string_view bytes, std::size_t at, std::uint16_t port) {
  Address::Bytes octets{};
  std::memcpy(octets.data(), bytes.data() + at, family == Family::kV4 ? 4 : 16);
  return {family, octets, port};
}

/// Source and destination address, then both ports.
void readAddresses(Family family, std::string_view bytes, ProxyPreamble& preamble) {
  const std::size_t width = family == Family::kV4 ? 4 : 16;
  const std::size_t ports = kV2Head + 2 * width;
  preamble.source = addressAt(family, bytes, kV2Head, numberAt(bytes, ports));
  preamble.destination = addressAt(family, bytes, kV2Head + width, numberAt(bytes, ports + 2));
}

/// Octets of the addresses of a family; nothing for one that no stream has.
std::optional<std::size_t> addressSize(std::uint8_t family) {
  switch (family) {
    case 0x00:  // UNSPEC
      return 0;
    case 0x11:  // TCP over IPv4
      return 12;
    case 0x21:  // TCP over IPv6
      return 36;
    case 0x31:  // Unix stream
      return 216;
    default:
      return std::nullopt;
  }
}

ProxyPreamble readV2(std::string_view bytes) {
  if (bytes.size() < kV2Head) {
    return {};
  }
  const std::uint8_t command = octetAt(bytes, 12);
  const std::size_t whole = kV2Head + numberAt(bytes, 14);
  constexpr std::uint8_t kLocal = 0x20;
  constexpr std::uint8_t kProxy = 0x21;
  if (command != kLocal && command != kProxy) {
    return refused("an unknown version or command");
  }
  if (whole > kMaxProxyV2) {
    return refused("longer than 4096 octets");
  }
  if (bytes.size() < whole) {
    return {};
  }
  ProxyPreamble preamble;
  preamble.state = State::kWhole;
  preamble.size = whole;
  if (command == kLocal) {
    return preamble;  // a connection of the proxy's own: all that it says is to be ignored
  }
  const std::uint8_t family = octetAt(bytes, 13);
  const auto addresses = addressSize(family);
  if (!addresses || whole - kV2Head < *addresses) {
    return refused(addresses ? "addresses that are cut off" : "an unknown family or protocol");
  }
  if (const auto fault = faultOfExtensions(bytes.substr(0, whole), kV2Head + *addresses);
      !fault.empty()) {
    return refused(fault);
  }
  if (family == 0x11 || family == 0x21) {
    readAddresses(family == 0x11 ? Family::kV4 : Family::kV6, bytes, preamble);
  } else if (family == 0x31) {
    preamble.source = Address::unixSocket();  // its path says no more than that
    preamble.destination = Address::unixSocket();
  }
  return preamble;
}

/// Waits until the preamble is there, or cannot come. Its octets stay with the system until it is
/// whole.
class PreambleWait final : public Waiter {
 public:
  PreambleWait(TcpStream& stream, const ProxyProtocolOptions& options)
      : Waiter(stream.reactor()), stream_(stream), options_(options) {}
  ~PreambleWait() override { leave(); }

  bool await_ready() { return settle(); }
  /// kAbsent, kRefused or kWhole.
  Result<ProxyPreamble> await_resume() {
    leave();
    if (cancelled()) {
      return cancelledError();
    }
    if (ended_ == IoState::kFailed) {
      return fail(stream_.failure());
    }
    if (ended_ == IoState::kEnd) {
      return fail(
          ErrorKind::kPeerClosed, Origin::kDownstream, "the connection ended within its preamble"
      );
    }
    return preamble_;
  }

 private:
  void onSuspend() override {
    stream_.setReader(this);
    waiting_ = true;
  }
  bool settle() override {
    const std::span<char> space = reactor().scratch().first(kMaxProxyV2);
    for (;;) {
      const IoProgress progress = stream_.tryPeek(space, seen_);
      if (progress.state == IoState::kWouldBlock) {
        return false;
      }
      ended_ = progress.state;
      if (progress.state != IoState::kDone) {
        return true;
      }
      seen_ = progress.bytes;
      preamble_ = readProxyPreamble({space.data(), seen_}, options_);
      if (preamble_.state != State::kPartial) {
        return true;
      }
    }
  }
  void leave() {
    if (std::exchange(waiting_, false)) {
      stream_.setReader(nullptr);
    }
  }

  TcpStream& stream_;
  const ProxyProtocolOptions& options_;
  ProxyPreamble preamble_;
  std::size_t seen_ = 0;
  IoState ended_ = IoState::kDone;
  bool waiting_ = false;
};

Task<Result<ProxyPreamble>> awaitPreamble(TcpStream& stream, const ProxyProtocolOptions& options) {
  co_return co_await PreambleWait(stream, options);
}

}  // namespace

ProxyPreamble readProxyPreamble(std::string_view bytes, const ProxyProtocolOptions& options) {
  if (mayBegin(bytes, kV1)) {
    if (bytes.size() < kV1.size()) {
      return {};
    }
    return options.v1 ? readV1(bytes) : refused("version 1, which is not taken here");
  }
  if (mayBegin(bytes, kV2)) {
    if (bytes.size() < kV2.size()) {
      return {};
    }
    return options.v2 ? readV2(bytes) : refused("version 2, which is not taken here");
  }
  if (options.required) {
    return refused("none where the connection begins");
  }
  ProxyPreamble absent;
  absent.state = State::kAbsent;
  return absent;
}

Task<Result<void>> acceptProxyProtocol(
    TcpStream& stream, ProxyProtocolOptions options, Deadline deadline
) {
  GATEHOUSE_CO_TRY(
      const ProxyPreamble preamble,
      co_await withDeadline(
          stream.reactor(),
          deadline,
          awaitPreamble(stream, options),
          Origin::kDownstream,
          "the PROXY preamble did not arrive in time"
      )
  );
  if (preamble.state == State::kRefused) {
    co_return fail(
        ErrorKind::kBadRequest,
        Origin::kDownstream,
        "PROXY preamble: " + std::string(preamble.fault)
    );
  }
  if (preamble.state == State::kWhole) {
    stream.drop(preamble.size);
  }
  if (preamble.source) {
    Peer peer = stream.peer();
    peer.remote = *preamble.source;
    peer.local = *preamble.destination;
    stream.setPeer(std::move(peer));
  }
  co_return Result<void>();
}

}  // namespace gatehouse::io
