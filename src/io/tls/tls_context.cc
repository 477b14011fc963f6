#include "io/tls/tls_context.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/prov_ssl.h>
#include <openssl/ssl.h>
#include <openssl/types.h>

#include "base/result.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_handles.h"

namespace gatehouse::io {

/// ALPN names as they stand on the wire: each with its length before it.
std::vector<unsigned char> alpnWire(const std::vector<std::string>& names) {
  std::vector<unsigned char> wire;
  for (const std::string& name : names) {
    wire.push_back(static_cast<unsigned char>(name.size()));
    wire.insert(wire.end(), name.begin(), name.end());
  }
  return wire;
}

namespace {

int numberOf(TlsVersion version) {
  return version == TlsVersion::kTls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

}  // namespace

SslContextHandle newContext(
    const SSL_METHOD* method, TlsVersion min_version, TlsVersion max_version
) {
  SslContextHandle context(SSL_CTX_new(method));
  if (context == nullptr) {
    return context;
  }
  SSL_CTX_set_min_proto_version(context.get(), numberOf(min_version));
  SSL_CTX_set_max_proto_version(context.get(), numberOf(max_version));
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // Released buffers are what makes an idle stream cheap.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  return context;
}

Result<void> limitKeyExchange(SSL_CTX* context, const std::vector<std::string>& groups) {
  std::string list;
  for (const std::string& group : groups) {
    list += (list.empty() ? "" : ":") + group;
  }
  if (!list.empty() && SSL_CTX_set1_groups_list(context, list.c_str()) != 1) {
    return badTlsMaterial("cannot agree on keys by " + list);
  }
  return {};
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

}  // namespace gatehouse::io
