#include "io/tls/tls_config.h"

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

#include <openssl/err.h>
#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/types.h>
#include <openssl/x509_vfy.h>

#include "base/error.h"
#include "base/result.h"
#include "base/text.h"
#include "io/tls/tls_handles.h"
#include "io/tls/tls_sessions.h"

namespace gatehouse::io {

namespace {

/// ALPN names as they stand on the wire: each with its length before it.
std::vector<unsigned char> alpnWire(const std::vector<std::string>& names) {
  std::vector<unsigned char> wire;
  for (const std::string& name : names) {
    wire.push_back(static_cast<unsigned char>(name.size()));
    wire.insert(wire.end(), name.begin(), name.end());
  }
  return wire;
}

SslContextHandle newContext(const SSL_METHOD* method, TlsVersion min_version) {
  SslContextHandle context(SSL_CTX_new(method));
  if (context == nullptr) {
    return context;
  }
  SSL_CTX_set_min_proto_version(
      context.get(), min_version == TlsVersion::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION
  );
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Released buffers are what makes an idle stream cheap.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  return context;
}

Result<void> useKeyPair(
    SSL_CTX* context, std::string_view certificate_pem, std::string_view key_pem
) {
  GATEHOUSE_TRY(std::vector<CertificateHandle> chain, readCertificates(certificate_pem));
  GATEHOUSE_TRY(KeyHandle key, readKey(key_pem));
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return badTlsMaterial("certificate refused");
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) {
      return badTlsMaterial("certificate chain refused");
    }
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return badTlsMaterial("the private key does not belong to the certificate");
  }
  return {};
}

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

TlsClientConfig::TlsClientConfig(ssl_ctx_st* context, TlsVerify verify)
    : context_(context), sessions_(std::make_unique<TlsSessionCache>()), verify_(verify) {}

TlsClientConfig::~TlsClientConfig() {
  sessions_.reset();
  SSL_CTX_free(context_);
}

Result<std::shared_ptr<TlsClientConfig>> TlsClientConfig::create(TlsClientOptions options) {
  ERR_clear_error();
  SslContextHandle context = newContext(TLS_client_method(), options.min_version);
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
  if (std::vector<unsigned char> wire = alpnWire(options.alpn); !wire.empty()) {
    SSL_CTX_set_alpn_protos(context.get(), wire.data(), static_cast<unsigned>(wire.size()));
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keepSession);
  return std::shared_ptr<TlsClientConfig>(new TlsClientConfig(context.release(), options.verify));
}

struct TlsServerConfig::Contexts {
  std::vector<SslContextHandle> all;
  std::unordered_map<std::string, SSL_CTX*> exact;
  std::unordered_map<std::string, SSL_CTX*> wildcard;  // "*.example.com" under "example.com"
  std::vector<unsigned char> alpn;
  TlsServerOptions::UnknownName unknown_name = TlsServerOptions::UnknownName::kFirstCertificate;

  SSL_CTX* find(std::string_view server_name) const {
    std::string name = fold(server_name);
    if (auto found = exact.find(name); found != exact.end()) {
      return found->second;
    }
    std::size_t dot = name.find('.');
    if (dot != std::string::npos) {
      if (auto found = wildcard.find(name.substr(dot + 1)); found != wildcard.end()) {
        return found->second;
      }
    }
    return nullptr;
  }

  void answerFor(const std::string& name, SSL_CTX* context) {
    // The first certificate that claims a name keeps it.
    if (name.starts_with("*.")) {
      wildcard.emplace(fold(name.substr(2)), context);
    } else {
      exact.emplace(fold(name), context);
    }
  }
};

namespace {

int chooseCertificate(SSL* ssl, int* alert, void* argument) {
  const auto& contexts = *static_cast<const TlsServerConfig::Contexts*>(argument);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (SSL_CTX* context = name == nullptr ? nullptr : contexts.find(name)) {
    SSL_set_SSL_CTX(ssl, context);
    return SSL_TLSEXT_ERR_OK;
  }
  if (contexts.unknown_name == TlsServerOptions::UnknownName::kRefuse) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

int chooseAlpn(
    SSL* /*ssl*/,
    const unsigned char** out,
    unsigned char* out_length,
    const unsigned char* in,
    unsigned in_length,
    void* argument
) {
  const auto& ours = static_cast<const TlsServerConfig::Contexts*>(argument)->alpn;
  unsigned char* chosen = nullptr;
  int outcome = SSL_select_next_proto(
      &chosen, out_length, ours.data(), static_cast<unsigned>(ours.size()), in, in_length
  );
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

TlsServerConfig::TlsServerConfig(std::unique_ptr<Contexts> contexts)
    : contexts_(std::move(contexts)) {}

TlsServerConfig::~TlsServerConfig() = default;

ssl_ctx_st* TlsServerConfig::native() const {
  return contexts_->all.front().get();
}

Result<std::shared_ptr<TlsServerConfig>> TlsServerConfig::create(TlsServerOptions options) {
  ERR_clear_error();
  if (options.certificates.empty()) {
    return fail(
        ErrorKind::kInvalidConfiguration, Origin::kGateway, "TLS server without a certificate"
    );
  }
  auto contexts = std::make_unique<Contexts>();
  contexts->alpn = alpnWire(options.alpn);
  contexts->unknown_name = options.unknown_name;
  for (const TlsServerCertificate& certificate : options.certificates) {
    SslContextHandle context = newContext(TLS_server_method(), options.min_version);
    if (context == nullptr) {
      return badTlsMaterial("cannot set up TLS");
    }
    GATEHOUSE_CHECK_OK(useKeyPair(context.get(), certificate.certificate_pem, certificate.key_pem));
    // Resumption is by tickets; the server keeps no sessions.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_tlsext_servername_callback(context.get(), chooseCertificate);
    SSL_CTX_set_tlsext_servername_arg(context.get(), contexts.get());
    if (!contexts->alpn.empty()) {
      SSL_CTX_set_alpn_select_cb(context.get(), chooseAlpn, contexts.get());
    }
    std::vector<std::string> names = certificate.names;
    if (names.empty()) {
      names = namesOf(SSL_CTX_get0_certificate(context.get()));
    }
    for (const std::string& name : names) {
      contexts->answerFor(name, context.get());
    }
    contexts->all.push_back(std::move(context));
  }
  return std::shared_ptr<TlsServerConfig>(new TlsServerConfig(std::move(contexts)));
}

}  // namespace gatehouse::io
