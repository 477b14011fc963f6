// The data plane: all workers and their sockets, as one thing that can be given a snapshot and be
// drained. Called from the control thread and from main; never from a worker.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/line_writer.h"
#include "base/log.h"
#include "io/workers.h"
#include "proxy/acceptor.h"
#include "proxy/worker.h"
#include "snapshot/publish.h"
#include "telemetry/metrics.h"

namespace gatehouse::proxy {

/// An address that is listened on, with the port the kernel chose where the snapshot says 0.
struct Listening {
  std::string key;  // doorKey
  std::string bound;
  std::set<std::string> told = {};  // "namespace/gateway/listener" that the log names for it
};

class DataPlane final : public snapshot::Publisher {
 public:
  /// `metrics` has a shard for each worker. All references outlive the data plane.
  DataPlane(
      std::size_t workers,
      DataPlaneSettings settings,
      const Logger& log,
      telemetry::Metrics& metrics,
      LineWriter* access_log
  );
  /// drain() was called.
  ~DataPlane() override;

  snapshot::Published publish(std::shared_ptr<const snapshot::Snapshot> next) override;

  /// The snapshot published last; null before the first. The thread that publishes.
  const snapshot::SnapshotHandle& snapshot() const { return current_; }

  /// Stops accepting, waits for running exchanges up to `timeout`, breaks off the rest and ends the
  /// workers. True if nothing had to be broken off. Once.
  bool drain(Nanos timeout);

  std::size_t workers() const { return workers_.size(); }
  const DataPlaneSettings& settings() const { return settings_; }

 private:
  struct Plane {
    Worker worker;
    Acceptor acceptor;
    Plane(
        unsigned index,
        std::uint64_t seed,
        io::Reactor& reactor,
        const DataPlaneSettings& settings,
        const Logger& log,
        telemetry::MetricShard& shard,
        LineWriter* access_log
    )
        : worker(index, seed, reactor, settings, log, shard, access_log), acceptor(worker) {}
  };

  void shareTicketKeys();
  /// Opens what `next` wants and is not open; per worker, its share of the sockets.
  std::vector<NewSockets> openMissing(
      const snapshot::Snapshot& next, std::vector<snapshot::BindFailure>& failures
  );
  /// Whether there was one.
  bool forgetClosed(const snapshot::Snapshot& next);
  /// Returns when what has left is closed.
  void follow(const snapshot::SnapshotHandle& next, std::vector<NewSockets> shares);
  /// The addresses of `next` that are open.
  std::vector<snapshot::BoundAddress> boundIn(const snapshot::Snapshot& next) const;
  /// Logs who listens where, as far as it is new: an address may have passed from one Gateway to
  /// another.
  void tellListening(const snapshot::Snapshot& next);

  DataPlaneSettings settings_;
  const Logger& log_;
  io::Workers workers_;
  std::vector<std::unique_ptr<Plane>> planes_;  // each made and destroyed on its worker's thread
  std::vector<Listening> open_;
  snapshot::SnapshotHandle current_;
};

}  // namespace gatehouse::proxy
