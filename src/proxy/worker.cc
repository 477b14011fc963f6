#include "proxy/worker.h"

namespace gatehouse::proxy {

Worker::Worker(
    unsigned index,
    std::uint64_t seed,
    io::Reactor& reactor,
    const DataPlaneSettings& settings,
    const Logger& log,
    telemetry::MetricShard& shard,
    LineWriter* access_log
)
    : reactor_(reactor),
      settings_(settings),
      log_(log),
      telemetry_(index, seed, shard, access_log, settings.telemetry),
      load_(index, reactor, settings.load, log, telemetry_),
      resolver_(reactor, settings.resolver),
      connector_(reactor, resolver_, settings.system_roots, settings.client),
      upstream_gauges_(telemetry_),
      pool_(reactor, connector_, upstream_gauges_, settings.pool),
      gate_(reactor) {}

std::size_t& Worker::mirrorsTo(std::string_view backend) {
  auto found = mirrors_.find(backend);
  if (found == mirrors_.end()) {
    found = mirrors_.emplace(backend, 0).first;
  }
  return found->second;
}

}  // namespace gatehouse::proxy
