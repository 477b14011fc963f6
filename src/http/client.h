// Sending a request and getting its response. Implemented by upstream (pools) and by tests; spoken
// to by proxy and guards.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/body.h"
#include "http/head.h"
#include "io/task.h"

namespace gatehouse::http {

/// Hears of interim responses.
class InterimListener {
 public:
  virtual ~InterimListener() = default;
  /// A 103 (Early Hints, RFC 8297), as received.
  virtual void onInterim(ResponseHead head) = 0;
};

/// A request on its way out. `head` holds the target and authority as the upstream shall see them.
/// The body is either `slices` (whole, replayable: Content-Length is their sum) or `stream`
/// (Content-Length if its length is known, else chunked; not replayable); both empty means no body.
/// `stream` is one that may be pulled again after kCancelled.
struct ClientRequest {
  RequestHead head;
  std::vector<Chunk> slices;
  Body stream;
  /// Asks to go on as a WebSocket: then a 101 that agrees is a response like any other, with
  /// BodySource::switched(). Needs an HTTP/1.1 connection.
  bool web_socket = false;
  /// The sender of `stream` waits to be invited: the upstream is asked first, for a while, unless
  /// it has something to pull by then (100-continue, RFC 9110 section 10.1.1).
  bool expect_continue = false;
  /// Trailers of the response are wanted. Those of `stream` are sent if it is chunked and Trailer
  /// in `head` names them.
  bool te_trailers = false;
  InterimListener* interim = nullptr;  // null: nobody wants to know
  /// Set by the connection once the system has taken the last byte: the time of that turn. Nothing
  /// while there is more to send, or when the answer made the rest needless.
  std::optional<MonoTime> sent{};
  /// Set when the rest is sent beside the reading of the answer's body, which owns `stream` then.
  bool goes_on = false;

  bool replayable() const { return stream.empty(); }
};

/// A response whose head is complete and whose body is unread. Destroying the body before its end
/// gives up the exchange: the connection under it is closed, never reused.
struct ClientResponse {
  ResponseHead head;
  Body body;
};

}  // namespace gatehouse::http
