#include "admin/doors.h"

#include <utility>

#include "admin/api_metrics.h"
#include "admin/config_feed.h"

namespace gatehouse::admin {
namespace {

/// Says with the error which flag chooses another address.
Result<std::string> withFlag(Result<std::string> opened, std::string_view flag) {
  if (opened) {
    return opened;
  }
  return fail(
      opened.error().kind(),
      opened.error().origin(),
      opened.error().chain() + "; choose another address with " + std::string(flag) + " ADDR:PORT"
  );
}

}  // namespace

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
      std::string api,
      withFlag(
          server.serve(addresses.admin, HostCheck::kLoopback, resourcesHandler(view)), "--admin"
      )
  );
  GATEHOUSE_TRY(
      std::string scrape,
      withFlag(
          server.serve(addresses.metrics, HostCheck::kAny, metricsHandler(scraper, feed, view)),
          "--metrics"
      )
  );
  GATEHOUSE_TRY(
      std::string ready,
      withFlag(
          server.serve(
              addresses.readiness, HostCheck::kAny, healthHandler(std::move(health), view)
          ),
          "--readiness"
      )
  );
  return std::vector<ServiceRow>{
      {"admin", api, "/api/resources"},
      {"metrics", scrape, "/metrics"},
      {"readiness", ready, "/healthz/ready"},
  };
}

}  // namespace gatehouse::admin
