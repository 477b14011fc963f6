// A way through an HTTP proxy: CONNECT (RFC 9110 section 9.3.6). What follows on the stream is
// between us and the upstream; the proxy sees its name and port.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/secret_text.h"
#include "io/stream.h"
#include "io/task.h"

namespace gatehouse::upstream {

struct Endpoint;

/// Proxies that all lead to the same places, and what they want to know of us. Immutable.
struct Tunnel {
  /// Never empty; tried in this order until one takes the connection. Theirs is no tunnel.
  std::vector<std::shared_ptr<const Endpoint>> proxies;
  /// Value of Proxy-Authorization; null: none. Goes to the proxy and nowhere else.
  std::shared_ptr<const crypto::SecretText> authorization;
};

/// Asks the proxy at the other end of `stream` for a connection to `authority` ("host:port").
/// `proxy` names it in errors. All outlive the task. Errors, origin kUpstream: kUpstreamInvalid
/// with what the proxy answered, kTimeout when that is 504, kUpstreamClosed, kCancelled.
io::Task<Result<void>> askForTunnel(
    io::Stream& stream,
    const std::string& authority,
    const crypto::SecretText* authorization,
    const std::string& proxy
);

}  // namespace gatehouse::upstream
