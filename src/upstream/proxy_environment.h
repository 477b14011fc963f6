// The proxies that the environment of the process names, as curl and most other programs read it:
// HTTPS_PROXY, HTTP_PROXY, NO_PROXY, in lower case before upper case. All connections go through
// them by CONNECT, those without TLS too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "upstream/tunnel.h"

namespace gatehouse::upstream {

/// Upstreams that are reached directly. Immutable; any thread.
class NoProxy {
 public:
  NoProxy() = default;
  /// Names (and all below them), IP addresses, blocks in CIDR notation, "*" for all; parted by
  /// commas or spaces. What is none of these matches nothing, as with curl.
  explicit NoProxy(std::string_view list);

  /// `host`: lower case, without brackets. Loopback always is.
  bool covers(std::string_view host) const;

 private:
  std::vector<std::string> entries_;
  bool all_ = false;
};

/// Immutable; any thread.
class ProxyEnvironment {
 public:
  using LookUp = std::function<std::optional<std::string>(std::string_view name)>;

  /// No proxy.
  ProxyEnvironment() = default;
  /// kInvalidConfiguration with the variable and the form expected, never with its value.
  static Result<ProxyEnvironment> read(const LookUp& look_up);

  /// The way to an upstream; null: direct.
  std::shared_ptr<const Tunnel> tunnelFor(std::string_view host, bool tls) const;

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
