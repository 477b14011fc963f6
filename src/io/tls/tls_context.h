// What contexts of clients and servers have in common. For the .cc files of this room only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_handles.h"

namespace gatehouse::io {

/// ALPN names as they stand on the wire: each with its length before it.
std::vector<unsigned char> alpnWire(const std::vector<std::string>& names);

/// Null when there is no memory.
SslContextHandle newContext(
    const SSL_METHOD* method, TlsVersion min_version, TlsVersion max_version
);

/// None: as the library has them. kInvalidConfiguration: one that it does not know.
Result<void> limitKeyExchange(SSL_CTX* context, const std::vector<std::string>& groups);

/// Gives the context a chain, leaf first, and its key. kInvalidConfiguration: unreadable, refused
/// by the library, or a key of another certificate.
Result<void> useKeyPair(
    SSL_CTX* context, std::string_view certificate_pem, std::string_view key_pem
);

}  // namespace gatehouse::io
