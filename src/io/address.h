// An IP address with a port, as a value of 24 bytes; or that a peer is a Unix socket, without its
// path. No names: those are io/dns.h.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gatehouse::io {

enum class Family : std::uint8_t { kV4, kV6, kUnix };

class Address {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  /// 0.0.0.0:0.
  Address() = default;
  /// IPv4 uses the first four bytes, network order. `scope`: interface index of a link-local IPv6
  /// address, else 0.
  Address(Family family, const Bytes& bytes, std::uint16_t port, std::uint32_t scope = 0)
      : bytes_(bytes), scope_(scope), port_(port), family_(family) {}

  /// "127.0.0.1:80", "[::1]:80", "[fe80::1%2]:80". kInvalidConfiguration with the text.
  static Result<Address> parse(std::string_view text);
  /// "127.0.0.1", "::1" or "[::1]"; nothing for a name.
  static std::optional<Address> fromIp(std::string_view ip, std::uint16_t port);
  static Address loopback(std::uint16_t port, Family family = Family::kV4);
  /// Every local address: 0.0.0.0 or ::.
  static Address any(std::uint16_t port, Family family = Family::kV4);

  /// An end that is a Unix socket. It has no port, and no property of an IP address.
  static Address unixSocket() { return {Family::kUnix, {}, 0}; }

  Family family() const { return family_; }
  const Bytes& bytes() const { return bytes_; }
  std::uint16_t port() const { return port_; }
  std::uint32_t scope() const { return scope_; }
  Address withPort(std::uint16_t port) const;

  /// 127.0.0.0/8, ::1, and IPv4 loopback mapped into IPv6.
  bool isLoopback() const;
  /// RFC 1918, fc00::/7, and 100.64.0.0/10 (RFC 6598).
  bool isPrivate() const;
  /// 169.254.0.0/16, fe80::/10.
  bool isLinkLocal() const;
  /// 0.0.0.0 or ::.
  bool isUnspecified() const;

  /// "127.0.0.1:80", "[::1]:80", "unix".
  std::string format() const;
  /// "127.0.0.1", "::1", "unix": no brackets, no port.
  std::string formatIp() const;

  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  /// The IPv4 address inside, be it plain or mapped (::ffff:a.b.c.d).
  std::optional<std::uint32_t> asV4() const;

  Bytes bytes_{};
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
  Family family_ = Family::kV4;
};

}  // namespace gatehouse::io
