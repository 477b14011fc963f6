// Opens the doors beside the traffic, each with its handler.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/api_health.h"
#include "admin/api_resources.h"
#include "admin/server.h"
#include "admin/startup_table.h"
#include "base/result.h"
#include "telemetry/metrics.h"
#include "telemetry/scrape.h"

namespace gatehouse::admin {

struct DoorAddresses {
  std::string admin;
  std::string metrics;
  std::string readiness;
};

/// Where each was opened, port 0 resolved. `metrics` outlives the server. Errors: the first address
/// that cannot be opened, why, and the flag that chooses another.
Result<std::vector<ServiceRow>> openDoors(
    Server& server,
    const DoorAddresses& addresses,
    const ReadView& view,
    telemetry::Metrics& metrics,
    telemetry::BuildIdentity build,
    std::shared_ptr<const Health> health
);

}  // namespace gatehouse::admin
