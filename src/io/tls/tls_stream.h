// TLS over another stream, client and server; also over TLS. Records are encrypted as data arrives
// and several leave in one send; an idle stream keeps no record buffers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/deadline.h"
#include "io/stream.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_server.h"

namespace gatehouse::io {

/// The server a client means.
struct TlsName {
  /// Sent as SNI when it is a name, not an address.
  std::string server_name{};
  /// The certificate must be valid for one of these names and addresses, or have one of these URIs,
  /// octet for octet, among its alternative names (RFC 5280 section 4.2.1.6). Both empty:
  /// server_name.
  std::vector<std::string> verified_names{};
  std::vector<std::string> verified_uris{};
};

/// Client handshake. kTlsCertificate with the reason in words and the names; kTlsProtocol;
/// kPeerClosed; kTimeout after the deadline; kCancelled.
Task<Result<std::unique_ptr<Stream>>> connectTls(
    std::shared_ptr<TlsClientConfig> config,
    std::unique_ptr<Stream> stream,
    TlsName name,
    Deadline deadline
);

/// Server handshake. kTlsCertificate where the client has no certificate that is accepted;
/// kBadRequest where it speaks plain HTTP; kTlsProtocol, kPeerClosed, kTimeout, kCancelled.
/// `stream` outlives the task. It is taken, and given back when the handshake fails: an alert,
/// where TLS has one, has been sent then, and how the connection ends is the caller's to say.
Task<Result<std::unique_ptr<Stream>>> acceptTls(
    std::shared_ptr<TlsServerConfig> config, std::unique_ptr<Stream>& stream, Deadline deadline
);

}  // namespace gatehouse::io
