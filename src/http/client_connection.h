// One upstream connection (RFC 9112 client side). Owner's loop only.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"
#include "io/stream.h"
#include "io/task.h"

namespace gatehouse::http {

struct ClientLimits {
  std::size_t field_section = 64 * 1024;
  std::size_t field_count = 200;
  Nanos head_timeout{0};              // to the response head; zero is off
  Nanos idle_timeout = Seconds(600);  // between two pieces of a response body; zero is off
  Nanos write_timeout = Seconds(60);  // an upstream that takes no byte for so long is broken
};

class ClientConnection {
 public:
  virtual ~ClientConnection() = default;
  /// Sends `request` and waits for the response head; 1xx responses are passed over, but for a 101
  /// that was asked for; another one is kUpstreamInvalid. The request's
  /// slices are sent with the head in one writev and stay owned by the caller until this returns.
  /// An answer that comes before the request is sent ends the sending, also while the request's
  /// stream pauses, and the connection is then not reusable. But after a 2xx the rest is sent
  /// beside the reading of the response's body (ClientRequest::goes_on), whose end is given only
  /// after the rest has left: who is told it takes its upload for done. Without a body the head
  /// waits for the rest. An upstream that takes no more of it changes nothing; a stream that fails
  /// meanwhile fails the body. Errors: kUpstreamClosed (retry kIfReused when not one byte of answer
  /// came), kUpstreamInvalid, kTimeout, kCancelled. After the body has ended cleanly and is
  /// destroyed the connection is reusable() again; a body destroyed before its end closes it. The
  /// connection must outlive the body.
  virtual io::Task<Result<ClientResponse>> send(ClientRequest& request) = 0;
  /// Neither busy nor closed by the peer; checked without a system call.
  virtual bool reusable() const = 0;
  /// Whether an exchange has been completed on it before.
  virtual bool reused() const = 0;
  /// Raised when the peer closes or sends anything while no exchange is running.
  virtual io::Stop& broken() = 0;
  virtual const io::Peer& peer() const = 0;
  virtual void close() = 0;
};

std::unique_ptr<ClientConnection> clientHttp1(
    io::Reactor& reactor, std::unique_ptr<io::Stream> stream, const ClientLimits& limits
);

}  // namespace gatehouse::http
