// gatehouse_upstream_connections of one worker: by backend, idle and active. Owner's loop only.
#pragma once

#include <memory>

#include "telemetry/worker_telemetry.h"
#include "upstream/pool.h"

namespace gatehouse::proxy {

class UpstreamGauges final : public upstream::ConnectionCounter {
 public:
  /// `telemetry` outlives it and every count.
  explicit UpstreamGauges(telemetry::WorkerTelemetry& telemetry) : telemetry_(telemetry) {}
  std::unique_ptr<upstream::ConnectionCount> countOf(const upstream::Endpoint& endpoint) override;

 private:
  telemetry::WorkerTelemetry& telemetry_;
};

}  // namespace gatehouse::proxy
