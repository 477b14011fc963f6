#include "admin/doors.h"

#include <utility>

#include "admin/api_metrics.h"
#include "admin/config_feed.h"

namespace gatehouse::admin {

Result<std::vector<ServiceRow>> openDoors(
    Server& server,
    const DoorAddresses& addresses,
    const ReadView& view,
    telemetry::Metrics& metrics,
    telemetry::BuildIdentity build,
    std::shared_ptr<const Health> health
) {
  auto scraper = std::make_shared<telemetry::Scraper>(metrics, std::move(build));
  auto feed = std::make_shared<ConfigFeed>(metrics.control());
  GATEHOUSE_TRY(
      std::string api, server.serve(addresses.admin, HostCheck::kLoopback, resourcesHandler(view))
  );
  GATEHOUSE_TRY(
      std::string scrape,
      server.serve(addresses.metrics, HostCheck::kAny, metricsHandler(scraper, feed, view))
  );
  GATEHOUSE_TRY(
      std::string ready,
      server.serve(addresses.readiness, HostCheck::kAny, healthHandler(std::move(health), view))
  );
  return std::vector<ServiceRow>{
      {"admin", api, "/api/resources"},
      {"metrics", scrape, "/metrics"},
      {"readiness", ready, "/healthz/ready"},
  };
}

}  // namespace gatehouse::admin
