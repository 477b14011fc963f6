// Liveness and readiness (telemetry specification section 11).
#pragma once

#include <atomic>
#include <memory>

#include "admin/api_resources.h"
#include "admin/server.h"

namespace gatehouse::admin {

/// What the program says about itself; written by main and control, read by the admin thread.
struct Health {
  std::atomic<bool> serving{false};  // a snapshot is live
  std::atomic<bool> draining{false};
};

/// /healthz/ready: 200, or 503 and why; /healthz/live: 200.
Handler healthHandler(std::shared_ptr<const Health> health, ReadView view);

}  // namespace gatehouse::admin
