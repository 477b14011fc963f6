#include "compile/listener_rules.h"

#include <algorithm>

#include <fmt/format.h>

namespace gatehouse::compile {
namespace {

using resource::Severity;

void checkProtocol(Draft& draft, ListenerDraft& listener) {
  const std::string& protocol = listener.spec->protocol;
  if (protocol == "HTTP" || protocol == "HTTPS") {
    listener.tls = protocol == "HTTPS";
    return;
  }
  listener.not_accepted = Problem{
      std::string(resource::reason::kUnsupportedProtocol),
      fmt::format("protocol \"{}\" is not supported; HTTP and HTTPS are", protocol)
  };
  draft.find(
      Severity::kError, *listener.owner, listener.field(".protocol"), listener.not_accepted->message
  );
}

void chooseKinds(Draft& draft, ListenerDraft& listener) {
  const resource::RouteGroupKind http_route{
      .group = std::string(resource::kGatewayGroup), .kind = std::string(resource::HttpRoute::kKind)
  };
  const auto& asked = listener.spec->allowed_routes.kinds;
  if (asked.empty() || std::ranges::find(asked, http_route) != asked.end()) {
    listener.supported_kinds.push_back(http_route);
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] == http_route) {
      continue;
    }
    listener.unresolved = Problem{
        std::string(resource::reason::kInvalidRouteKinds),
        fmt::format(
            "route kind {} of group \"{}\" is not supported by protocol {}; HTTPRoute is",
            asked[i].kind,
            asked[i].group,
            listener.spec->protocol
        )
    };
    draft.find(
        Severity::kError,
        *listener.owner,
        listener.field(fmt::format(".allowedRoutes.kinds[{}]", i)),
        listener.unresolved->message
    );
  }
}

}  // namespace

void checkListener(Draft& draft, ListenerDraft& listener) {
  checkProtocol(draft, listener);
  if (!listener.not_accepted) {
    chooseKinds(draft, listener);
  }
}

}  // namespace gatehouse::compile
