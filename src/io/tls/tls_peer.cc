#include "io/tls/tls_peer.h"

#include <string>

#include <openssl/ssl.h>
#include <openssl/tls1.h>
#include <openssl/x509_vfy.h>

#include "io/tls/tls_handles.h"

namespace gatehouse::io {
namespace {

/// The client's, in one text; empty where it has no certificate that was accepted, be it now or
/// when the session that is resumed was made.
std::string clientIdentity(const SSL* ssl, bool tolerated) {
  X509* shown = SSL_is_server(ssl) == 1 ? SSL_get0_peer_certificate(ssl) : nullptr;
  if (shown == nullptr || tolerated || SSL_get_verify_result(ssl) != X509_V_OK) {
    return {};
  }
  return identityOf(shown);
}

}  // namespace

TlsPeer describePeer(const SSL* ssl, bool tolerated) {
  TlsPeer learned;
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)) {
    learned.server_name = name;
  }
  const unsigned char* alpn = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &length);
  learned.alpn.assign(reinterpret_cast<const char*>(alpn), length);
  learned.version = SSL_get_version(ssl);
  learned.identity = clientIdentity(ssl, tolerated);
  learned.resumed = SSL_session_reused(ssl) == 1;
  return learned;
}

}  // namespace gatehouse::io
