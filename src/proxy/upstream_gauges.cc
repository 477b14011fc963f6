#include "proxy/upstream_gauges.h"

namespace gatehouse::proxy {
namespace {

using State = telemetry::WorkerTelemetry::ConnectionState;

class Gauges final : public upstream::ConnectionCount {
 public:
  Gauges(telemetry::Gauge idle, telemetry::Gauge active) : idle_(idle), active_(active) {}
  void idle(int change) override { idle_.add(change); }
  void active(int change) override { active_.add(change); }

 private:
  telemetry::Gauge idle_;
  telemetry::Gauge active_;
};

}  // namespace

std::unique_ptr<upstream::ConnectionCount> UpstreamGauges::countOf(
    const upstream::Endpoint& endpoint
) {
  return std::make_unique<Gauges>(
      telemetry_.upstreamConnections(endpoint.backend, State::kIdle),
      telemetry_.upstreamConnections(endpoint.backend, State::kActive)
  );
}

}  // namespace gatehouse::proxy
