#include "admin/api_metrics.h"

#include "telemetry/prometheus.h"

namespace gatehouse::admin {

Handler metricsHandler(
    std::shared_ptr<telemetry::Scraper> scraper, std::shared_ptr<ConfigFeed> feed, ReadView view
) {
  return [scraper = std::move(scraper),
          feed = std::move(feed),
          view = std::move(view)](const http::RequestHead& head) -> Reply {
    if (head.path() != "/metrics" && head.path() != "/stats/prometheus") {
      return problem(404, "not_found", "Served here: /metrics, /stats/prometheus.");
    }
    feed->update(*view());
    auto form = telemetry::chooseExposition(head.fields.joined("accept"));
    return {
        .content_type = std::string(telemetry::contentType(form)),
        .body = telemetry::writeExposition(scraper->scrape(), form),
    };
  };
}

}  // namespace gatehouse::admin
