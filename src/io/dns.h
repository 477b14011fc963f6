// Names to addresses. One Resolver per worker: c-ares on its reactor, a cache bounded by TTL, and,
// before any of it, a fixed map (as curl's --resolve), numeric addresses and the hosts file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "io/address.h"
#include "io/task.h"

namespace gatehouse::io {

class Reactor;

/// "HOST:PORT:ADDR[:PORT][,ADDR[:PORT]]...": connections to HOST:PORT go to `targets` instead.
struct HostOverride {
  std::string host{};  // lower case; "*" for any that no other override names
  std::uint16_t port = 0;
  std::vector<Address> targets{};  // at least one, in the order to try them

  /// ADDR may be "[::1]"; its port defaults to PORT. kInvalidConfiguration, with the text, what of
  /// a list is wrong, and an example.
  static Result<HostOverride> parse(std::string_view text);
};

struct ResolverOptions {
  std::vector<HostOverride> overrides{};
  std::string hosts_path = "/etc/hosts";
  /// "127.0.0.1:5353,..." instead of the system's servers.
  std::string servers{};
  Nanos min_ttl = Seconds(1);
  Nanos max_ttl = Seconds(300);
  /// How long a failure is remembered.
  Nanos negative_ttl = Seconds(2);
  /// Names remembered at most.
  std::size_t capacity = 4096;
};

/// Owner's loop only.
class Resolver {
 public:
  Resolver(Reactor& reactor, ResolverOptions options);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  /// Nobody waits for it any more.
  ~Resolver();

  /// Addresses of both families, at least one, with `port` set, in the order to try them. Lookups
  /// of one name at the same time share one query; a cancelled caller leaves the others waiting.
  /// kDns with the reason, kCancelled.
  Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port);

  /// What needs no query: override, numeric, hosts file, fresh cache. Nothing: ask resolve().
  std::optional<std::vector<Address>> known(std::string_view host, std::uint16_t port);

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace gatehouse::io
