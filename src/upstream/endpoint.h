// Where a request can be sent: one address to connect to, with everything that makes a connection
// to it different from another. Immutable, made by compile, shared by snapshots and pools; safe
// from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/secret_text.h"
#include "io/keepalive.h"
#include "upstream/tunnel.h"

namespace gatehouse::upstream {

/// How far the peer's certificate is checked: chain and name, chain only, or not at all.
enum class Verify : std::uint8_t { kChainAndName, kChainOnly, kNothing };

/// Which HTTP is spoken. kAny: over TLS what ALPN agrees on, else HTTP/1.1. kHttp1: HTTP/1.1 alone,
/// as the handshake of WebSocket wants it (RFC 6455). kHttp2: HTTP/2 alone, without TLS by prior
/// knowledge (RFC 9113 section 3.3).
enum class HttpVersion : std::uint8_t { kAny, kHttp1, kHttp2 };

/// For rooms that know no sockets.
using Keepalive = io::Keepalive;
inline constexpr Nanos kMaxKeepaliveTime = io::kMaxKeepaliveTime;

struct TlsSettings {
  std::string sni;  // sent in the handshake; empty: none (peer named by an IP address)
  /// The certificate must be valid for one of these names and addresses, or have one of these URIs
  /// among its alternative names.
  std::vector<std::string> verify_names;
  std::vector<std::string> verify_uris;
  std::string ca_pem;             // trusted roots; empty: the system's
  bool trust_nothing = false;     // the CA reference could not be read: every handshake fails
  std::vector<std::string> alpn;  // in order of preference
  /// Names of OpenSSL, in order of preference; empty: the library's.
  std::vector<std::string> key_exchange_groups;
  Verify verify = Verify::kChainAndName;
  std::string client_certificate_pem;  // chain; empty: none
  std::shared_ptr<const crypto::SecretText> client_key_pem;
};

struct Endpoint {
  std::string host;  // DNS name or IP literal without brackets; empty for a Unix socket
  std::uint16_t port = 0;
  std::string unix_path;  // of a Unix socket, in place of host and port; else empty
  std::shared_ptr<const TlsSettings> tls;  // null: plaintext
  std::shared_ptr<const Tunnel> tunnel;    // null: reached directly
  HttpVersion version = HttpVersion::kAny;
  Nanos connect_timeout = Seconds(10);
  Nanos handshake_timeout = Seconds(10);
  std::optional<Keepalive> keepalive{};  // absent: ours
  /// The Host sent: with the port when it is not the scheme's own. Empty: the client's (Services).
  std::string authority;
  /// Two endpoints with equal keys may share connections. Made of all fields above (secrets as
  /// digests).
  std::string pool_key;
  /// How records and errors name it: "host:port", IPv6 in brackets; "unix:/path".
  std::string name;
  /// The backend it was made for, "namespace/name"; no part of the key.
  std::string backend;
  /// Ours, so that it may see our trace ids: a private address or a name of the inner network.
  bool inside = false;
};

using EndpointHandle = std::shared_ptr<const Endpoint>;

/// Whether connections to it may turn out to be of HTTP/2, and so can be shared.
bool mayBeHttp2(const Endpoint& endpoint);

/// The same for what HTTP/2 cannot carry: a connection of HTTP/1.1. kNotSupported when it is
/// spoken to in HTTP/2 alone.
Result<EndpointHandle> overHttp1(const Endpoint& endpoint);

/// Sets `name` and `inside` from host and port, or the path.
void nameEndpoint(Endpoint& endpoint);

}  // namespace gatehouse::upstream
