// TLS settings turned into OpenSSL contexts. A config belongs to one worker: its session cache is
// not shared. Contexts are hidden; io/tls/tls_stream.h uses them.
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
};

class TlsSessionCache;

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

 private:
  TlsClientConfig(ssl_ctx_st* context, TlsVerify verify);

  ssl_ctx_st* context_;
  std::unique_ptr<TlsSessionCache> sessions_;
  TlsVerify verify_;
};

struct TlsServerCertificate {
  /// Leaf first.
  std::string certificate_pem{};
  std::string key_pem{};
  /// Server names it answers for, exact or "*.example.com"; empty: the certificate's own names.
  std::vector<std::string> names{};
};

struct TlsServerOptions {
  /// The first also answers when no name matches, unless strict_names.
  std::vector<TlsServerCertificate> certificates{};
  /// Ours, in order of preference; a client that offers ALPN without any of them is refused.
  std::vector<std::string> alpn{};
  TlsVersion min_version = TlsVersion::kTls12;
  /// Refuse (unrecognized_name) instead of answering with the first.
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
