// Step 1 of the walk: an accepted stream becomes a connection that yields exchanges, one after
// another or side by side.
#pragma once

#include <memory>
#include <optional>

#include "io/gate.h"
#include "io/stop.h"
#include "io/task.h"
#include "io/tcp.h"
#include "io/tls/tls_server.h"
#include "proxy/countdown.h"
#include "proxy/handle.h"
#include "proxy/worker.h"
#include "snapshot/snapshot.h"
#include "telemetry/name.h"

namespace gatehouse::proxy {

/// One address of one Gateway port on one worker: what its connections share. The newest snapshot's
/// part is replaced on the worker's own loop; requests pin what they find. Owner's loop only.
struct Doorway {
  snapshot::SnapshotHandle snapshot;
  const snapshot::Port* port = nullptr;                   // null: before the first snapshot
  std::optional<snapshot::ProxyProtocol> proxy_protocol;  // what connections begin with
  bool secure = false;                                    // connections speak TLS, or are closed
  std::shared_ptr<io::TlsServerConfig> tls;  // null: plaintext, or without usable certificates
  io::Stop accepting;                        // raised: no new connection
  std::shared_ptr<Countdown> closed;         // told when the socket is closed; null: nobody waits
  /// Raised: no new exchange on the connections that began under it. Never null.
  std::shared_ptr<io::Stop> closing = std::make_shared<io::Stop>();

  /// Who a connection is counted for before a host has chosen; empty before the first snapshot.
  telemetry::Name listener() const {
    return port == nullptr ? telemetry::Name() : port->listeners.front().name;
  }
};

/// Serves one client until it goes, the doorway closes or the worker is cut off. `worker` outlives
/// the task.
io::Task<void> serveConnection(
    Worker& worker, std::shared_ptr<Doorway> doorway, std::unique_ptr<io::TcpStream> stream
);

}  // namespace gatehouse::proxy
