// Sessions a client may resume, by the server they were made with. For the .cc files of this room
// only.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "io/tls/tls_handles.h"

namespace gatehouse::io {

/// Owner's loop only.
class TlsSessionCache {
 public:
  /// The newest of each server are kept; when too many servers are known, all are forgotten.
  void put(const std::string& server, SslSessionHandle session);
  /// A session to offer, or null. TLS 1.3 tickets are used once (RFC 8446 appendix C.4).
  SslSessionHandle take(const std::string& server);

 private:
  static constexpr std::size_t kPerServer = 4;
  static constexpr std::size_t kServers = 1024;

  std::unordered_map<std::string, std::vector<SslSessionHandle>> sessions_;
};

/// Attached to its SSL object as application data; outlives it.
struct TlsNotes {
  TlsSessionCache* sessions = nullptr;
  /// The server, for people; empty on the server itself.
  std::string server;
  /// Its key in the session cache.
  std::string session_key;
  /// Not both empty: the certificate must be for one of these (TlsName). The verify callback sees
  /// to it, as OpenSSL knows but one name, and no URI.
  std::vector<std::string> names;
  std::vector<std::string> uris;
  /// Why the certificate was refused, with its names; empty when it was not.
  std::string refusal;
  /// A certificate was refused, and the connection goes on as if there were none.
  bool tolerated = false;
};

/// Verify callback: notes the first refusal in words.
int noteRefusal(int accepted, X509_STORE_CTX* checked);

/// Verify callback of a server that serves clients without a valid certificate as well.
int tolerateRefusal(int accepted, X509_STORE_CTX* checked);

/// After a handshake of a client: a ticket renewed over TLS 1.2 comes without a call of the
/// callback, and spoils the session it was offered with.
void keepRenewed(SSL* ssl);

/// New-session callback: hands the session to the cache of its connection.
int keepSession(SSL* ssl, SSL_SESSION* session);

}  // namespace gatehouse::io
