// HTTP/2 towards an upstream (RFC 9113): one connection that many requests share, each with a
// stream of its own. Owner's loop only.
#pragma once

#include <cstddef>
#include <memory>

#include "http/client_connection.h"
#include "io/reactor.h"
#include "io/stream.h"

namespace gatehouse::http {

/// Who keeps the connection. It only takes note, and destroys nothing meanwhile.
class H2ClientEvents {
 public:
  virtual ~H2ClientEvents() = default;
  /// What the functions of H2Client answer may be another thing now.
  virtual void onChange() = 0;
};

class H2Client {
 public:
  virtual ~H2Client() = default;
  /// Whether a request may begin now. Until the upstream has said how many it takes, one may.
  virtual bool hasRoom() const = 0;
  /// For one request; hasRoom(). It is a ClientConnection that is never reusable(): destroying it
  /// ends the stream (RST_STREAM with CANCEL, if it has not ended), and the connection stays. Does
  /// not outlive this. Besides the errors of ClientConnection: kUpstreamClosed with Retry::kYes
  /// when the upstream says that it has not looked at the request; a stream of the request begins
  /// once more then.
  virtual std::unique_ptr<ClientConnection> begin() = 0;
  /// Of those that begin() gave, how many are there still.
  virtual std::size_t requests() const = 0;
  /// How many the upstream takes at a time; 0 until it has said so.
  virtual std::size_t most() const = 0;
  /// No request will begin on it any more: it is lost, or either side has said goodbye. What has
  /// begun may still end well.
  virtual bool over() const = 0;
};

/// Over a stream on which HTTP/2 has been agreed, by ALPN or beforehand. `events` outlives it.
std::unique_ptr<H2Client> clientHttp2(
    io::Reactor& reactor,
    std::unique_ptr<io::Stream> stream,
    const ClientLimits& limits,
    H2ClientEvents& events
);

}  // namespace gatehouse::http
