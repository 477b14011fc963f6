// Connections kept for reuse, per worker and endpoint. A connection the peer has closed, or on
// which it said something unasked, is dropped at once and never handed out. One of HTTP/2 is shared
// by all who want to use it. Owner's loop only; a snapshot change does not touch the pool:
// endpoints that mean the same share a key.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/client_connection.h"
#include "io/stop.h"
#include "io/timers.h"
#include "upstream/connect.h"
#include "upstream/endpoint.h"
#include "upstream/shared.h"

namespace gatehouse::upstream {

struct PoolLimits {
  std::size_t idle_per_endpoint = 256;
  Nanos idle_time = Seconds(90);
};

/// Is told of an endpoint's connections: +1 or -1 as they come and go.
class ConnectionCount {
 public:
  ConnectionCount() = default;
  ConnectionCount(ConnectionCount&&) = delete;
  ConnectionCount& operator=(ConnectionCount&&) = delete;
  virtual ~ConnectionCount() = default;
  virtual void idle(int change) = 0;
  virtual void active(int change) = 0;
};

/// Makes one for each endpoint that is connected to. Endpoints that share connections share the one
/// of the first.
class ConnectionCounter {
 public:
  ConnectionCounter() = default;
  ConnectionCounter(ConnectionCounter&&) = delete;
  ConnectionCounter& operator=(ConnectionCounter&&) = delete;
  virtual ~ConnectionCounter() = default;
  virtual std::unique_ptr<ConnectionCount> countOf(const Endpoint& endpoint) = 0;
};

/// What one endpoint's connections cost now.
struct PoolCounts {
  std::size_t idle = 0;
  std::size_t active = 0;
};

class Pool final : private io::Timer, private SharedEvents {
  struct Entry;

 public:
  /// A connection in use, or a stream of one that is shared. Gives it back when it dies, if it can
  /// be used again. The pool outlives it.
  class Lease {
   public:
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    http::ClientConnection& connection() { return *connection_; }

   private:
    friend class Pool;
    explicit Lease(std::unique_ptr<http::ClientConnection> stream)
        : pool_(nullptr), connection_(std::move(stream)) {}
    Lease(
        Pool& pool, std::shared_ptr<Entry> entry, std::unique_ptr<http::ClientConnection> connection
    );

    Pool* pool_;
    std::shared_ptr<Entry> entry_;  // null: it is shared, and counted there
    std::unique_ptr<http::ClientConnection> connection_;
  };

  /// All outlive the pool.
  Pool(io::Reactor& reactor, Connector& connector, ConnectionCounter& counter, PoolLimits limits);
  ~Pool() override;

  /// The most recently used idle connection that is still good, or a stream of a shared one that
  /// has room, if there is one.
  std::optional<Lease> takeIdle(const Endpoint& endpoint);
  /// A new connection; or a stream of one that others have opened meanwhile. `marks` outlives the
  /// task. Errors: those of Connector.
  io::Task<Result<Lease>> connect(EndpointHandle endpoint, ConnectMarks& marks);
  /// Closes what is idle.
  void closeIdle();
  PoolCounts counts() const;

 private:
  class Idle;
  struct Entry {
    std::shared_ptr<io::TlsClientConfig> tls;
    std::unique_ptr<ConnectionCount> count;   // outlives what is idle
    std::vector<std::unique_ptr<Idle>> idle;  // most recently used last
    std::size_t active = 0;
    std::unique_ptr<SharedConnections> shared;  // null: it speaks HTTP/1.1 only
  };

  Result<std::shared_ptr<Entry>> entryOf(const Endpoint& endpoint);
  io::Task<Result<Lease>> connectShared(
      std::shared_ptr<Entry> entry, EndpointHandle endpoint, ConnectMarks& marks
  );
  void giveBack(
      const std::shared_ptr<Entry>& entry, std::unique_ptr<http::ClientConnection> connection
  );
  /// Drops connections that are broken or idle for too long, and entries nobody uses.
  void sweep();
  void sweepSoon();
  void sweepLater();
  void onTimer() override { sweepSoon(); }
  void onUnused() override { sweepLater(); }
  void onOver() override { sweepSoon(); }

  io::Reactor& reactor_;
  Connector& connector_;
  ConnectionCounter& counter_;
  PoolLimits limits_;
  std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
  bool sweeping_ = false;  // a sweep is due at the end of this turn
};

}  // namespace gatehouse::upstream
