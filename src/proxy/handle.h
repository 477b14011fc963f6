// The walk of a request: every room once, in order (docs/request.md).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "http/server_connection.h"
#include "io/task.h"
#include "proxy/worker.h"
#include "snapshot/snapshot.h"

namespace gatehouse::proxy {

/// Where a request came in: the port's part of the newest snapshot, pinned for this request.
struct Arrival {
  snapshot::SnapshotHandle snapshot;
  const snapshot::Port* port = nullptr;  // null: the port has left the configuration
  const io::Peer* peer = nullptr;        // outlives the request
  std::string_view client_address;       // the peer's, as text; outlives the request
  std::optional<Nanos> accept_wait{};    // of the first request of a connection
  bool shed = false;                     // its connection is one too many
};

/// Answers one request and reports it, whatever happens. `worker` outlives the task.
io::Task<void> handle(Worker& worker, Arrival arrival, std::unique_ptr<http::ServerExchange> wire);

}  // namespace gatehouse::proxy
