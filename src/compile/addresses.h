// Which addresses the listeners of a Gateway are bound to in standalone mode (resources.md 10).
// Texts only: nothing is opened or looked up here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gatehouse::compile {

/// `--bind GATEWAY[/LISTENER]=ADDR:PORT` or `=unix:/PATH`; GATEWAY is a name or namespace/name.
struct BindFlag {
  std::string target;
  std::string address;  // "127.0.0.1:8080", "[::1]:8080", "unix:/run/edge.sock"
};

/// kInvalidConfiguration with the form expected.
Result<BindFlag> parseBindFlag(std::string_view text);

struct AddressOptions {
  std::vector<BindFlag> binds;
  /// `--host`: an IP address in place of loopback where nothing else is said. Empty: loopback.
  std::string host;
  /// ::1 is used beside 127.0.0.1, and [::] beside 0.0.0.0.
  bool has_ipv6 = false;
  /// IP addresses of this host, beside loopback and the unspecified addresses, which it always has.
  std::vector<std::string> local_addresses;
  /// Addresses the program listens on itself: admin, metrics, readiness.
  std::vector<std::string> reserved{"127.0.0.1:15000", "127.0.0.1:15020", "127.0.0.1:15021"};
  /// IP addresses of a host name (for spec.addresses of type Hostname); absent: only "localhost" is
  /// known.
  std::function<std::vector<std::string>(std::string_view host)> resolve_host;
};

/// An IP address and a port as they are bound, or a Unix socket.
struct BindAddress {
  std::string ip;  // without brackets; empty for a Unix socket
  std::uint16_t port = 0;
  std::string unix_path = {};  // empty for an IP address
  auto operator<=>(const BindAddress&) const = default;
};

/// Nothing for anything but `IPv4:port`, `[IPv6]:port` or `unix:/path`. Port 0 lets the kernel
/// choose when it is bound.
std::optional<BindAddress> parseBindAddress(std::string_view text);
/// "127.0.0.1:8080", "[::1]:8080", "unix:/run/edge.sock".
std::string toString(const BindAddress& address);
/// True if both cannot be bound at once: same port and same address, or one of them is all
/// addresses; or the same path.
bool collide(const BindAddress& a, const BindAddress& b);

/// What a path of a Unix socket must be: absolute, of 107 octets at most (unix(7)), without zeros.
inline constexpr std::string_view kUnixPathRule = "an absolute path of at most 107 octets";
bool isUnixPath(std::string_view path);

/// Dotted quad; colons for IPv6 (RFC 4291 section 2.2, without a zone).
bool isIpv4(std::string_view text);
bool isIpv6(std::string_view text);
inline bool isIpAddress(std::string_view text) {
  return isIpv4(text) || isIpv6(text);
}

/// The port a listener gets by rule 5 when nothing else is said: 80 -> 8080, 443 -> 8443, 1024 and
/// up unchanged; if that is none or taken, a stable one of 30000-32767 made from `key`
/// ("namespace/gateway/port"). The port is added to `taken`.
std::uint16_t givePort(
    std::uint16_t listener_port, std::string_view key, std::set<std::uint16_t>& taken
);

}  // namespace gatehouse::compile
