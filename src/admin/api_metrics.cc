#include "admin/api_metrics.h"

#include <utility>

#include "http/coding.h"
#include "telemetry/prometheus.h"

namespace gatehouse::admin {
namespace {

void compress(Reply& reply) {
  std::string coded = http::gzip(reply.body);
  if (!coded.empty()) {
    reply.body = std::move(coded);
    reply.fields.add("Content-Encoding", "gzip");
  }
}

}  // namespace

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
    Reply reply{
        .content_type = std::string(telemetry::contentType(form)),
        .body = telemetry::writeExposition(scraper->scrape(), form),
    };
    reply.fields.add("Vary", "Accept, Accept-Encoding");
    if (http::prefersGzip(head.fields)) {
      compress(reply);
    }
    return reply;
  };
}

}  // namespace gatehouse::admin
