// The proxies that the environment of the process names, as curl and most other programs read it:
// HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in lower case before upper case. All connections go through
// them by CONNECT, those without TLS too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/address.h"
#include "upstream/tunnel.h"

namespace gatehouse::upstream {

/// Upstreams that are reached directly. Immutable; any thread.
class NoProxy {
 public:
  NoProxy() = default;
  /// Parted by commas or spaces: names (and all below them; a "." or "*." in front changes
  /// nothing), IP addresses, blocks in CIDR notation, each perhaps with ":PORT" (IPv6 in brackets
  /// then), "*" for all. kInvalidConfiguration with the ordinal of what is none of these, never
  /// with its text.
  static Result<NoProxy> parse(std::string_view list);

  /// `host`: lower case, without brackets. Loopback always is.
  bool covers(std::string_view host, std::uint16_t port) const;

 private:
  struct Entry {
    std::string name;                  // folded, without dots at its ends; empty: a block
    std::optional<io::Address> block;  // of which the first `bits` count
    std::size_t bits = 0;
    std::uint16_t port = 0;  // 0: all
  };
  static std::optional<Entry> parseEntry(std::string_view text);
  static bool matches(
      const Entry& entry, std::string_view host, const std::optional<io::Address>& address
  );

  std::vector<Entry> entries_;
  bool all_ = false;
};

/// Immutable; any thread.
class ProxyEnvironment {
 public:
  using LookUp = std::function<std::optional<std::string>(std::string_view name)>;

  /// No proxy.
  ProxyEnvironment() = default;
  /// kInvalidConfiguration with the variable and the form expected, never with its value. NO_PROXY
  /// is read where there is a proxy.
  static Result<ProxyEnvironment> read(const LookUp& look_up);

  /// The way to an upstream; null: direct.
  std::shared_ptr<const Tunnel> tunnelFor(std::string_view host, std::uint16_t port, bool tls)
      const;

  /// For the log at start: "HTTPS_PROXY", "http://proxy.example:3128". No credentials.
  struct Named {
    std::string variable;
    std::string proxy;
  };
  std::vector<Named> named() const;

 private:
  struct Proxy {
    Named named;
    std::shared_ptr<const Tunnel> tunnel;
  };
  static Result<std::optional<Proxy>> readProxy(
      const LookUp& look_up, std::string_view lower, std::string_view upper
  );

  std::optional<Proxy> http_;
  std::optional<Proxy> https_;
  NoProxy direct_;
};

}  // namespace gatehouse::upstream
