// TLS settings of a client turned into OpenSSL contexts, and whom it trusts; the server's are in
// tls_server.h. A config belongs to one worker: its session cache is not shared. Contexts are
// hidden; io/tls/tls_stream.h uses them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct ssl_ctx_st;
struct x509_store_st;

namespace gatehouse::io {

enum class TlsVersion : std::uint8_t { kTls12, kTls13 };

/// Certificates a client trusts. Loading the system's costs milliseconds and a megabyte: load once,
/// share between workers. Immutable; any thread.
class TrustStore {
 public:
  /// SSL_CERT_FILE and SSL_CERT_DIR, else the system's roots. kInvalidConfiguration.
  static Result<std::shared_ptr<const TrustStore>> system();
  /// One or more certificates. kInvalidConfiguration when none can be read.
  static Result<std::shared_ptr<const TrustStore>> fromPem(std::string_view pem);
  TrustStore(const TrustStore&) = delete;
  TrustStore& operator=(const TrustStore&) = delete;
  ~TrustStore();

  x509_store_st* native() const { return store_; }

 private:
  explicit TrustStore(x509_store_st* store) : store_(store) {}

  x509_store_st* store_;
};

/// A place that a variable of the environment names for trusted certificates, and that brings none.
struct RootsFault {
  std::string variable;
  std::string path;
  std::string reason;
  std::string next_step;
};

/// What TrustStore::system passes over in silence. `file` is the value of SSL_CERT_FILE,
/// `directories` that of SSL_CERT_DIR; empty: not set. Blocks: reads files.
std::vector<RootsFault> faultsOfRoots(const std::string& file, std::string_view directories);

class TlsSessionCache;

/// Whether the TLS library knows this way to agree on keys: "X25519", "P-256", "X25519MLKEM768".
bool knowsKeyExchange(const std::string& group);

/// What a client checks of the server's certificate.
enum class TlsVerify : std::uint8_t { kFull, kSkipHostname, kSkipAll };

struct TlsClientOptions {
  /// Not null unless verify is kSkipAll.
  std::shared_ptr<const TrustStore> trust{};
  TlsVerify verify = TlsVerify::kFull;
  /// In order of preference, e.g. {"h2", "http/1.1"}; empty: no ALPN.
  std::vector<std::string> alpn{};
  /// Client certificate chain and key; both or neither.
  std::string certificate_pem{};
  std::string key_pem{};
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  /// As TlsServerOptions has them.
  std::vector<std::string> key_exchange_groups{};
  /// Where sessions are kept that can be resumed; null: a cache of its own.
  std::shared_ptr<TlsSessionCache> sessions{};
  /// Of a cache that configs share, sessions are resumed only where this is the same: it says all
  /// that they depend on.
  std::string session_scope{};
};

/// Of one worker; it may outlive the configs that fill it.
std::shared_ptr<TlsSessionCache> makeTlsSessionCache();

/// One worker's. Shared by the connections made with it.
class TlsClientConfig {
 public:
  /// kInvalidConfiguration: unreadable PEM, key that does not match.
  static Result<std::shared_ptr<TlsClientConfig>> create(TlsClientOptions options);
  TlsClientConfig(const TlsClientConfig&) = delete;
  TlsClientConfig& operator=(const TlsClientConfig&) = delete;
  ~TlsClientConfig();

  ssl_ctx_st* native() const { return context_; }
  TlsVerify verify() const { return verify_; }
  TlsSessionCache& sessions() const { return *sessions_; }
  const std::string& sessionScope() const [[clang::lifetimebound]] { return session_scope_; }

 private:
  TlsClientConfig(ssl_ctx_st* context, const TlsClientOptions& options);

  ssl_ctx_st* context_;
  std::shared_ptr<TlsSessionCache> sessions_;
  std::string session_scope_;
  TlsVerify verify_;
};

}  // namespace gatehouse::io
