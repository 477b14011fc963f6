#include "io/tls/tls_config.h"

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/types.h>
#include <openssl/x509_vfy.h>

#include "base/error.h"
#include "base/result.h"
#include "base/text.h"
#include "io/tls/tls_context.h"
#include "io/tls/tls_handles.h"
#include "io/tls/tls_sessions.h"

namespace gatehouse::io {

namespace {

/// Whether the TLS library finds a certificate in the file.
bool holdsCertificate(const std::string& path) {
  StoreHandle store(X509_STORE_new());
  X509_LOOKUP* lookup =
      store == nullptr ? nullptr : X509_STORE_add_lookup(store.get(), X509_LOOKUP_file());
  const bool found =
      lookup != nullptr && X509_load_cert_file(lookup, path.c_str(), X509_FILETYPE_PEM) > 0;
  ERR_clear_error();
  return found;
}

/// Why the file brings no certificate; empty if it does.
std::string whyNoRoots(const std::string& path) {
  if (::access(path.c_str(), R_OK) != 0) {
    return "it cannot be read: " + std::error_code(errno, std::generic_category()).message();
  }
  return holdsCertificate(path) ? "" : "it holds no certificate in PEM form";
}

/// "9d66eef0.0", as `openssl rehash` names certificates.
bool isHashedName(std::string_view name) {
  constexpr std::size_t kHash = 8;
  constexpr std::string_view kDigits = "0123456789";
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  return name.size() > kHash + 1 && name[kHash] == '.' &&
         name.substr(0, kHash).find_first_not_of(kHexDigits) == std::string_view::npos &&
         name.substr(kHash + 1).find_first_not_of(kDigits) == std::string_view::npos;
}

bool holdsHashedCertificate(const std::string& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (isHashedName(entry->path().filename().string()) &&
        holdsCertificate(entry->path().string())) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const TrustStore>> TrustStore::system() {
  ERR_clear_error();
  StoreHandle store(X509_STORE_new());
  // OpenSSL reads SSL_CERT_FILE and SSL_CERT_DIR itself.
  if (store == nullptr || X509_STORE_set_default_paths(store.get()) != 1) {
    return badTlsMaterial("cannot load the system's trusted certificates");
  }
  ERR_clear_error();
  return std::shared_ptr<const TrustStore>(new TrustStore(store.release()));
}

Result<std::shared_ptr<const TrustStore>> TrustStore::fromPem(std::string_view pem) {
  GATEHOUSE_TRY(std::vector<CertificateHandle> certificates, readCertificates(pem));
  StoreHandle store(X509_STORE_new());
  // Who is named is trusted, be it no root.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  for (const CertificateHandle& certificate : certificates) {
    if (X509_STORE_add_cert(store.get(), certificate.get()) != 1) {
      return badTlsMaterial("trusted certificate refused");
    }
  }
  return std::shared_ptr<const TrustStore>(new TrustStore(store.release()));
}

std::vector<RootsFault> faultsOfRoots(const std::string& file, std::string_view directories) {
  std::vector<RootsFault> faults;
  if (std::string reason = file.empty() ? "" : whyNoRoots(file); !reason.empty()) {
    faults.push_back(
        {"SSL_CERT_FILE",
         file,
         std::move(reason),
         "name a file of certificates in PEM form, or unset SSL_CERT_FILE; then start again"}
    );
  }
  for (std::string_view part : split(directories, ':')) {
    std::string directory(part);
    if (directory.empty() || holdsHashedCertificate(directory)) {
      continue;
    }
    std::error_code error;
    const bool there = std::filesystem::is_directory(directory, error);
    std::string next_step = there ? "run: openssl rehash " + directory
                                  : "name a folder of certificates, or unset SSL_CERT_DIR";
    faults.push_back(
        {"SSL_CERT_DIR",
         std::move(directory),
         there
             ? "no certificate is there under the hash of its name, and no other name is looked at"
             : "it is no folder that can be read",
         std::move(next_step) + "; then start again"}
    );
  }
  return faults;
}

TrustStore::~TrustStore() {
  X509_STORE_free(store_);
}

bool knowsKeyExchange(const std::string& group) {
  ERR_clear_error();
  SslContextHandle context(SSL_CTX_new(TLS_method()));
  const bool known =
      context != nullptr && SSL_CTX_set1_groups_list(context.get(), group.c_str()) == 1;
  ERR_clear_error();
  return known;
}

std::shared_ptr<TlsSessionCache> makeTlsSessionCache() {
  return std::make_shared<TlsSessionCache>();
}

TlsClientConfig::TlsClientConfig(ssl_ctx_st* context, const TlsClientOptions& options)
    : context_(context),
      sessions_(options.sessions != nullptr ? options.sessions : makeTlsSessionCache()),
      session_scope_(options.session_scope),
      verify_(options.verify) {}

TlsClientConfig::~TlsClientConfig() {
  SSL_CTX_free(context_);
}

Result<std::shared_ptr<TlsClientConfig>> TlsClientConfig::create(TlsClientOptions options) {
  ERR_clear_error();
  SslContextHandle context =
      newContext(TLS_client_method(), options.min_version, options.max_version);
  if (context == nullptr) {
    return badTlsMaterial("cannot set up TLS");
  }
  if (options.verify != TlsVerify::kSkipAll) {
    if (options.trust == nullptr) {
      return fail(
          ErrorKind::kInvalidConfiguration,
          Origin::kGateway,
          "TLS verification without trusted certificates"
      );
    }
    SSL_CTX_set1_cert_store(context.get(), options.trust->native());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, noteRefusal);
  }
  if (!options.certificate_pem.empty() || !options.key_pem.empty()) {
    GATEHOUSE_CHECK_OK(useKeyPair(context.get(), options.certificate_pem, options.key_pem));
  }
  GATEHOUSE_CHECK_OK(limitKeyExchange(context.get(), options.key_exchange_groups));
  if (std::vector<unsigned char> wire = alpnWire(options.alpn); !wire.empty()) {
    SSL_CTX_set_alpn_protos(context.get(), wire.data(), static_cast<unsigned>(wire.size()));
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keepSession);
  return std::shared_ptr<TlsClientConfig>(new TlsClientConfig(context.release(), options));
}

}  // namespace gatehouse::io
