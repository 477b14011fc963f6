// What OpenSSL's callbacks note about one client connection. For the .cc files of this room only.
#pragma once

#include <string>

#include "io/openssl_handles.h"

namespace gatehouse::io {

class TlsSessionCache;

/// Attached to its SSL object as application data; outlives it.
struct TlsNotes {
  TlsSessionCache* sessions = nullptr;
  /// Key of the server in the session cache.
  std::string server;
  /// Why the certificate was refused, with its names; empty when it was not.
  std::string refusal;
};

/// Verify callback: notes the first refusal in words.
int noteRefusal(int accepted, X509_STORE_CTX* checked);

/// New-session callback: hands the session to the cache of its connection.
int keepSession(SSL* ssl, SSL_SESSION* session);

}  // namespace gatehouse::io
