// One worker: everything the data path of one thread owns. Nothing in it is shared with another
// thread but what is immutable (snapshots, trust store) or made for it (log writer, metric shards).
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/line_writer.h"
#include "base/log.h"
#include "http/server_connection.h"
#include "io/dns.h"
#include "io/gate.h"
#include "io/reactor.h"
#include "io/stop.h"
#include "io/tls/tls_config.h"
#include "io/tls/tls_tickets.h"
#include "proxy/load.h"
#include "proxy/upstream_gauges.h"
#include "telemetry/metrics.h"
#include "telemetry/worker_telemetry.h"
#include "upstream/connect.h"
#include "upstream/pool.h"

namespace gatehouse::proxy {

/// Settings of the process, equal for all workers.
struct DataPlaneSettings {
  http::ServerLimits server;
  http::ClientLimits client;
  upstream::PoolLimits pool;
  io::ResolverOptions resolver;
  std::shared_ptr<const io::TrustStore> system_roots;  // null: none could be read
  telemetry::TelemetrySettings telemetry;
  LoadLimits load;
  std::size_t body_limit = 64u << 20;         // of an AI request, bytes (D12)
  Nanos proxy_protocol_timeout = Seconds(5);  // for the whole preamble
  /// After so much silence within a model's stream the client is told that it goes on; zero: never.
  Nanos stream_keep_alive = Seconds(20);
};

class Worker {
 public:
  /// All references outlive the worker. On the reactor's own thread.
  Worker(
      unsigned index,
      std::uint64_t seed,
      io::Reactor& reactor,
      const DataPlaneSettings& settings,
      const Logger& log,
      telemetry::MetricShard& shard,
      LineWriter* access_log
  );
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() = default;

  io::Reactor& reactor() { return reactor_; }
  MonoTime now() const { return reactor_.clock().now(); }
  const DataPlaneSettings& settings() const { return settings_; }
  const Logger& log() const { return log_; }
  telemetry::WorkerTelemetry& telemetry() { return telemetry_; }
  upstream::Pool& pool() { return pool_; }
  Load& load() { return load_; }
  http::ServerShared& serverShared() { return server_shared_; }
  /// Of the sessions of its clients, the same as those of the other workers.
  const std::shared_ptr<io::TicketKeys>& ticketKeys() const { return ticket_keys_; }
  void setTicketKeys(std::shared_ptr<io::TicketKeys> keys) { ticket_keys_ = std::move(keys); }
  /// Copies of requests that are under way to the mirror of this name; stays where it is.
  std::size_t& mirrorsTo(std::string_view backend);
  /// Raised when draining begins: copies do not hold it up.
  io::Stop& mirrorStop() { return mirror_stop_; }
  /// Every connection's task is inside.
  io::Gate& gate() { return gate_; }
  /// Raised when the time for draining is over: what still runs is broken off.
  io::Stop& cutOff() { return cut_off_; }

 private:
  io::Reactor& reactor_;
  const DataPlaneSettings& settings_;
  const Logger& log_;
  telemetry::WorkerTelemetry telemetry_;
  Load load_;
  http::ServerShared server_shared_;
  std::shared_ptr<io::TicketKeys> ticket_keys_;
  io::Resolver resolver_;
  upstream::Connector connector_;
  UpstreamGauges upstream_gauges_;
  upstream::Pool pool_;
  std::map<std::string, std::size_t, std::less<>> mirrors_;
  io::Stop mirror_stop_;
  io::Stop cut_off_;
  io::Gate gate_;
};

}  // namespace gatehouse::proxy
