// TLS settings of a server turned into OpenSSL contexts: its certificates by server name, and what
// it asks of the certificates of its clients.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_tickets.h"

struct ssl_ctx_st;

namespace gatehouse::io {

struct TlsServerCertificate {
  /// Leaf first.
  std::string certificate_pem{};
  std::string key_pem{};
  /// Server names it answers for, exact or all below "*.example.com"; empty, or an empty one: any.
  /// Of several certificates for a name the one is chosen that was issued for what the client asks,
  /// with the kind of key that the client takes.
  std::vector<std::string> names{};
};

struct TlsServerOptions {
  /// When no name matches, the first for any name answers, else the first.
  std::vector<TlsServerCertificate> certificates{};
  /// Ours, in order of preference; a client that offers ALPN without any of them is refused.
  std::vector<std::string> alpn{};
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  /// By their IANA names, of both versions, in order of preference; empty: the library's. A version
  /// of which none is named is not spoken.
  std::vector<std::string> cipher_suites{};
  /// "X25519", "P-256", ..., in order of preference; empty: the library's.
  std::vector<std::string> key_exchange_groups{};
  /// Authorities of the certificates of clients; null: clients are not asked for one.
  std::shared_ptr<const TrustStore> client_trust{};
  /// Whether a client without a certificate of these authorities is refused, or served as one that
  /// has none.
  enum class ClientCertificate : std::uint8_t {
    kRequired,
    kRequested
  } client_certificate = ClientCertificate::kRequired;
  /// Sessions are resumed only where this is the same: at most 32 bytes; not empty where clients
  /// are asked for certificates.
  std::string session_scope{};
  /// Seal the tickets of sessions; null: keys of its own. The owner's loop is that of the config.
  std::shared_ptr<TicketKeys> tickets{};
  /// Refuse (unrecognized_name) instead, also of any name where no certificate was issued for it.
  enum class UnknownName : std::uint8_t {
    kFirstCertificate,
    kRefuse
  } unknown_name = UnknownName::kFirstCertificate;
};

/// One worker's. Shared by the connections made with it.
class TlsServerConfig {
 public:
  /// kInvalidConfiguration: no certificate, unreadable PEM, key that does not match.
  static Result<std::shared_ptr<TlsServerConfig>> create(TlsServerOptions options);
  TlsServerConfig(const TlsServerConfig&) = delete;
  TlsServerConfig& operator=(const TlsServerConfig&) = delete;
  ~TlsServerConfig();

  ssl_ctx_st* native() const;

  struct Contexts;
  /// Internal to io/tls_*: the contexts by name.
  const Contexts& contexts() const { return *contexts_; }

 private:
  explicit TlsServerConfig(std::unique_ptr<Contexts> contexts);

  std::unique_ptr<Contexts> contexts_;
};

}  // namespace gatehouse::io
