// The scrape page.
#pragma once

#include <memory>

#include "admin/api_resources.h"
#include "admin/config_feed.h"
#include "admin/server.h"
#include "telemetry/scrape.h"

namespace gatehouse::admin {

/// /metrics and /stats/prometheus, in the form the Accept field asks for.
Handler metricsHandler(
    std::shared_ptr<telemetry::Scraper> scraper, std::shared_ptr<ConfigFeed> feed, ReadView view
);

}  // namespace gatehouse::admin
