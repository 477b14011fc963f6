#include "io/tls/tls_server.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/prov_ssl.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/types.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "base/error.h"
#include "base/result.h"
#include "io/tls/tls_context.h"
#include "io/tls/tls_handles.h"
#include "io/tls/tls_sessions.h"
#include "io/tls/tls_sites.h"
#include "io/tls/tls_tickets.h"

namespace gatehouse::io {

struct TlsServerConfig::Contexts {
  TlsSites sites;
  std::vector<unsigned char> alpn;
  TlsServerOptions::UnknownName unknown_name = TlsServerOptions::UnknownName::kFirstCertificate;
  std::shared_ptr<TicketKeys> tickets;
};

namespace {

int chooseCertificate(SSL* ssl, int* alert, void* argument) {
  const auto& contexts = *static_cast<const TlsServerConfig::Contexts*>(argument);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (SSL_CTX* context = name == nullptr ? nullptr : contexts.sites.find(name)) {
    SSL_set_SSL_CTX(ssl, context);
    return SSL_TLSEXT_ERR_OK;
  }
  if (contexts.unknown_name == TlsServerOptions::UnknownName::kRefuse) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

/// Gives OpenSSL the key to seal a ticket with, or to open one. Answers 0 of no key of ours, and 2,
/// so that the client gets another ticket, over TLS 1.3 (RFC 8446 appendix C.4) and of an older
/// key.
int chooseTicketKey(
    SSL* ssl,
    unsigned char* name,
    unsigned char* vector,
    EVP_CIPHER_CTX* cipher,
    EVP_MAC_CTX* mac,
    int sealing
) {
  auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const TicketKeys::Key& newest = keys.newest();
  const TicketKeys::Key* key = &newest;
  if (sealing == 1) {
    if (RAND_bytes(vector, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) {
      return -1;
    }
    std::ranges::copy(newest.name, name);
  } else {
    key = keys.find({name, newest.name.size()});
  }
  if (key == nullptr) {
    return 0;
  }
  std::string digest = "SHA256";
  TicketKeys::Octets secret = key->mac;
  const std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end(),
  };
  if (EVP_MAC_CTX_set_params(mac, parameters.data()) != 1 ||
      EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), vector, sealing) !=
          1) {
    return -1;
  }
  return key == &newest && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
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

/// Names of the authorities, so that a client that has several certificates sends one of theirs.
void nameAuthorities(SSL_CTX* context, const TrustStore& trust) {
  STACK_OF(X509)* authorities = X509_STORE_get1_all_certs(trust.native());
  for (int i = 0; i < sk_X509_num(authorities); ++i) {
    SSL_CTX_add_client_CA(context, sk_X509_value(authorities, i));
  }
  sk_X509_pop_free(authorities, X509_free);
}

void askClients(SSL_CTX* context, const TlsServerOptions& options) {
  if (options.client_trust == nullptr) {
    return;
  }
  SSL_CTX_set1_verify_cert_store(context, options.client_trust->native());
  nameAuthorities(context, *options.client_trust);
  if (options.client_certificate == TlsServerOptions::ClientCertificate::kRequired) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, noteRefusal);
  } else {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, tolerateRefusal);
  }
}

}  // namespace

TlsServerConfig::TlsServerConfig(std::unique_ptr<Contexts> contexts)
    : contexts_(std::move(contexts)) {}

TlsServerConfig::~TlsServerConfig() = default;

ssl_ctx_st* TlsServerConfig::native() const {
  return contexts_->sites.fallback();
}

namespace {

/// OpenSSL keeps a list for each version. One that would be empty ends the version, which is else
/// agreed on without a cipher to speak it with.
Result<void> limitCiphers(SSL_CTX* context, const std::vector<std::string>& suites) {
  constexpr std::string_view kTls12 = "TLS_ECDHE_";
  std::string of12;
  std::string of13;
  for (const std::string& suite : suites) {
    std::string& list = suite.starts_with(kTls12) ? of12 : of13;
    const std::string name = suite.starts_with(kTls12) ? OPENSSL_cipher_name(suite.c_str()) : suite;
    list += (list.empty() ? "" : ":") + name;
  }
  if (suites.empty()) {
    return {};
  }
  const bool set12 = of12.empty() ? SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
                                  : SSL_CTX_set_cipher_list(context, of12.c_str()) == 1;
  const bool set13 = of13.empty() ? SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1
                                  : SSL_CTX_set_ciphersuites(context, of13.c_str()) == 1;
  if (!set12 || !set13) {
    return badTlsMaterial("cipher suites refused");
  }
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  return {};
}

Result<void> setUpSessions(SSL_CTX* context, const TlsServerOptions& options) {
  const auto* scope = reinterpret_cast<const unsigned char*>(options.session_scope.data());
  if (SSL_CTX_set_session_id_context(
          context, scope, static_cast<unsigned>(options.session_scope.size())
      ) != 1) {
    return badTlsMaterial("cannot set up sessions");
  }
  // Resumption is by tickets; the server keeps no sessions.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (options.tickets != nullptr) {
    constexpr long kTaken = 2 * TicketKeys::kRotation.count();
    SSL_CTX_set_timeout(context, kTaken);
    SSL_CTX_set_app_data(context, options.tickets.get());
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, chooseTicketKey);
  }
  return {};
}

/// With all that does not depend on names.
Result<SslContextHandle> makeContext(
    const TlsSites::Certificates& certificates,
    const TlsServerOptions& options,
    TlsServerConfig::Contexts& contexts
) {
  SslContextHandle context =
      newContext(TLS_server_method(), options.min_version, options.max_version);
  if (context == nullptr) {
    return badTlsMaterial("cannot set up TLS");
  }
  GATEHOUSE_CHECK_OK(limitCiphers(context.get(), options.cipher_suites));
  GATEHOUSE_CHECK_OK(limitKeyExchange(context.get(), options.key_exchange_groups));
  for (const TlsServerCertificate* certificate : certificates) {
    GATEHOUSE_CHECK_OK(useKeyPair(context.get(), certificate->certificate_pem, certificate->key_pem)
    );
  }
  askClients(context.get(), options);
  GATEHOUSE_CHECK_OK(setUpSessions(context.get(), options));
  SSL_CTX_set_tlsext_servername_callback(context.get(), chooseCertificate);
  SSL_CTX_set_tlsext_servername_arg(context.get(), &contexts);
  if (!contexts.alpn.empty()) {
    SSL_CTX_set_alpn_select_cb(context.get(), chooseAlpn, &contexts);
  }
  return context;
}

}  // namespace

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
  contexts->tickets = options.tickets;
  const auto make = [&](const TlsSites::Certificates& certificates) {
    return makeContext(certificates, options, *contexts);
  };
  GATEHOUSE_TRY(contexts->sites, TlsSites::build(options.certificates, make));
  return std::shared_ptr<TlsServerConfig>(new TlsServerConfig(std::move(contexts)));
}

}  // namespace gatehouse::io
