// The compiled configuration (house principle 3): everything a request needs, resolved, immutable.
// A request pins the one its worker holds and reads nothing else. Made by compile, handed over by
// publish; safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "crypto/secret_text.h"
#include "snapshot/route_table.h"
#include "telemetry/record.h"
#include "upstream/endpoint.h"

namespace gatehouse::snapshot {

struct Listener {
  telemetry::Name gateway;  // "namespace/name"
  telemetry::Name name;
  std::string hostname;  // lower case; "*.x" for a wildcard; empty for any
  RouteTable routes;
};

/// A server certificate with the names it is chosen for.
struct ServerCertificate {
  std::vector<std::string> hostnames;  // of the listeners that name it; empty entry: any
  std::string chain_pem;
  std::shared_ptr<const crypto::SecretText> key_pem;
};

/// A proxy in front says who the client is before anything else (PROXY protocol).
struct ProxyProtocol {
  bool v1 = false;  // versions that are taken
  bool v2 = true;
  bool required = true;  // connections without it are closed
  bool operator==(const ProxyProtocol&) const = default;
};

/// Whether clients have to show a certificate (Gateway API, FrontendTLSValidation).
struct ClientValidation {
  std::string ca_pem;     // authorities of the certificates; empty: none is asked for
  bool required = false;  // who has none that is valid is refused; else it is served all the same

  bool operator==(const ClientValidation&) const = default;
};

enum class TlsVersion : std::uint8_t { kTls12, kTls13 };

/// How TLS is spoken with clients (spec.frontend.tls of policies).
struct TlsLimits {
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  std::vector<std::string> cipher_suites{};        // IANA names; empty: the library's
  std::vector<std::string> key_exchange_groups{};  // names of OpenSSL; empty: the library's
  std::vector<std::string> alpn{"h2", "http/1.1"};
  Nanos handshake_timeout{Seconds(15)};

  bool operator==(const TlsLimits&) const = default;
};

/// Listeners of one Gateway that share sockets.
struct Port {
  telemetry::Name gateway;
  std::string gateway_class;
  std::uint16_t port = 0;              // as the Gateway says
  std::vector<std::string> addresses;  // "127.0.0.1:8080", "unix:/run/edge.sock": where it listens
  std::optional<ProxyProtocol> proxy_protocol{};   // before TLS; absent: not spoken
  std::optional<upstream::Keepalive> keepalive{};  // of connections; absent: the system's
  bool tls = false;
  std::vector<ServerCertificate> certificates;
  ClientValidation clients;
  TlsLimits tls_limits;
  /// Of everything that TLS is made of here, keys as digests; equal where that is equal. 64 octets.
  std::string tls_identity;
  std::vector<Listener> listeners;  // never empty
};

struct Snapshot {
  std::uint64_t generation = 0;
  std::vector<Port> ports;
};

using SnapshotHandle = std::shared_ptr<const Snapshot>;

/// The listener of `port` that answers for `host` (lower case, without port): exact hostname, then
/// longest wildcard, then none; null if no listener takes it.
const Listener* chooseListener(const Port& port [[clang::lifetimebound]], std::string_view host);

}  // namespace gatehouse::snapshot
