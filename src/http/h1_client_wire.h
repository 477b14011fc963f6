// What the parts of one HTTP/1.1 client connection share. Internal to client_connection and
// h1_response_body. Owner's loop only.
#pragma once

#include <memory>
#include <span>

#include "http/client_connection.h"
#include "http/h1_strict.h"
#include "io/reactor.h"
#include "io/stop.h"
#include "io/stream.h"

namespace gatehouse::http {

struct H1ClientWire {
  io::Reactor& reactor;
  std::unique_ptr<io::Stream> stream;
  ClientLimits limits;
  io::Stop broken{};
  bool busy = false;
  bool closed = false;
  bool reused = false;    // an exchange has been completed
  bool answered = false;  // something of the current answer has come

  /// Where a head is received: no more of the shared read buffer than a head needs.
  std::span<char> headSpace() const;
  void close() {
    closed = true;
    stream->close();
  }
  /// The exchange has ended cleanly and another may follow.
  void becomeIdle() {
    busy = false;
    reused = true;
    stream->onPeerClosed(&broken);
  }
  /// An error of the stream as one of the upstream: kPeerClosed becomes kUpstreamClosed, and trying
  /// again helps only where a connection that was idle turned out to be gone.
  Error upstreamError(Error error, std::string_view when) const;
};

/// What is wrong with an answer, as an error of the upstream in words that fit an answer.
Error answerError(Violation violation);

}  // namespace gatehouse::http
