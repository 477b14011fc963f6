#include "admin/api_health.h"

namespace gatehouse::admin {

Handler healthHandler(std::shared_ptr<const Health> health, ReadView view) {
  return
      [health = std::move(health), view = std::move(view)](const http::RequestHead& head) -> Reply {
        std::string_view path = head.path();
        if (path == "/healthz/live") {
          return {.body = "live\n"};
        }
        if (path != "/healthz/ready" && path != "/") {
          return problem(404, "not_found", "Served here: /healthz/ready, /healthz/live.");
        }
        if (health->draining) {
          return {.status = 503, .body = "draining\n"};
        }
        if (!health->serving) {
          return {.status = 503, .body = "no configuration is live yet\n"};
        }
        if (std::size_t unbound = view()->unbound.size(); unbound > 0) {
          return {
              .status = 503,
              .body = std::to_string(unbound) + " listener addresses could not be opened\n"
          };
        }
        return {.body = "ready\n"};
      };
}

}  // namespace gatehouse::admin
