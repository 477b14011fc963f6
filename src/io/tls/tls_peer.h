// What a handshake told of the other end. For the .cc files of this room only.
#pragma once

#include <openssl/types.h>

#include "io/stream.h"

namespace gatehouse::io {

/// Of a finished handshake. `tolerated`: the client's certificate was let pass without being
/// accepted, and tells nothing of who it is.
TlsPeer describePeer(const SSL* ssl, bool tolerated);

}  // namespace gatehouse::io
