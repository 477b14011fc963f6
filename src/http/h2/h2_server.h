// HTTP/2 towards a client (RFC 9113): each stream is an exchange, and they run side by side.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/server_connection.h"
#include "io/reactor.h"
#include "io/stream.h"

namespace gatehouse::http {

/// What is known of a connection that was taken for another first.
struct Http2Start {
  std::string received{};  // from its first byte on
  std::optional<Nanos> accept_wait{};
};

/// HTTP/2 over any stream, which it owns; `shared` and `refused` as for serveHttp1. For a loop that
/// starts a task for each exchange: streams go on only while next() waits. It gives null when all
/// of them are over, or when the connection is lost, which they have been told then.
std::unique_ptr<ServerConnection> serveHttp2(
    io::Reactor& reactor,
    std::unique_ptr<io::Stream> stream,
    const ServerLimits& limits,
    ServerShared& shared,
    RefusedRequests* refused = nullptr,
    Http2Start start = {}
);

}  // namespace gatehouse::http
