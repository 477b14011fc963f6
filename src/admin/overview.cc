#include "admin/overview.h"

#include <utility>

namespace gatehouse::admin {
namespace {

/// Where it is, and how it is reached if not as usual.
std::string urlOf(const upstream::Endpoint& endpoint) {
  std::string text = endpoint.tls != nullptr ? "https://" : "http://";
  text += endpoint.authority.empty() ? endpoint.name : endpoint.authority;
  if (!endpoint.unix_path.empty()) {
    text = endpoint.name;
  }
  text += endpoint.version == upstream::HttpVersion::kHttp2 ? " in HTTP/2" : "";
  return endpoint.tunnel == nullptr ? text
                                    : text + " via " + endpoint.tunnel->proxies.front()->name;
}

void describe(const snapshot::InvalidBackend& backend, RouteOverview& row) {
  row.target = "not served: " + backend.reason;
}

void describe(const snapshot::SimulatedBackend&, RouteOverview& row) {
  row.simulated = true;
  row.speaks = Speaks::kChat;
  row.target = "built-in simulated model sim/echo";
}

void describe(const snapshot::AiBackend& backend, RouteOverview& row) {
  const snapshot::AiProvider& provider = backend.providers.front();
  row.target = urlOf(*provider.endpoint);
  row.speaks =
      llm::serves(provider.llm.kind, llm::Dialect::kChat) ? Speaks::kChat : Speaks::kMessages;
  if (provider.llm.model) {
    row.target += " (" + provider.llm.model->text + ")";
  }
  row.key_from =
      provider.auth.missing.empty() ? provider.auth.source : "missing: " + provider.auth.missing;
}

void describe(const snapshot::HttpBackend& backend, RouteOverview& row) {
  row.speaks = backend.endpoints.empty() ? Speaks::kNothing : Speaks::kPlain;
  row.target =
      backend.endpoints.empty() ? "no endpoint is ready" : urlOf(*backend.endpoints.front());
  if (const std::size_t count = backend.endpoints.size(); count > 1) {
    row.target += " and " + std::to_string(count - 1) + " more";
  }
  row.key_from =
      backend.auth.missing.empty() ? backend.auth.source : "missing: " + backend.auth.missing;
}

std::string matchText(const snapshot::RouteEntry& entry) {
  std::string text = entry.method.empty() ? "" : entry.method + " ";
  text += entry.hostname;
  text += entry.path_kind == snapshot::PathKind::kRegularExpression ? "~" + entry.path : entry.path;
  if (!entry.headers.empty() || !entry.query.empty()) {
    text += " +" + std::to_string(entry.headers.size() + entry.query.size()) + " conditions";
  }
  return text;
}

void addRows(
    const snapshot::Port& port, const snapshot::Listener& listener, std::vector<RouteOverview>& rows
) {
  RouteOverview place;
  place.gateway = port.gateway.view();
  place.listener = listener.name.view();
  place.port = &port;
  place.place = &listener;
  for (const snapshot::RouteEntry& entry : listener.routes.entries()) {
    if (entry.rule->filters != nullptr && entry.rule->filters->redirect) {
      RouteOverview row = place;
      row.match = matchText(entry);
      row.entry = &entry;
      row.target = "redirect " + std::to_string(entry.rule->filters->redirect->status);
      rows.push_back(std::move(row));
    }
    for (const snapshot::WeightedBackend& choice : entry.rule->backends) {
      RouteOverview row = place;
      row.match = matchText(entry);
      row.entry = &entry;
      row.choice = &choice;
      row.backend = choice.backend->name.view();
      std::visit([&row](const auto& target) { describe(target, row); }, choice.backend->target);
      rows.push_back(std::move(row));
    }
  }
  if (listener.routes.size() == 0) {
    place.match = "no routes";
    rows.push_back(std::move(place));
  }
}

}  // namespace

std::vector<RouteOverview> overview(const snapshot::Snapshot& snapshot) {
  std::vector<RouteOverview> rows;
  for (const snapshot::Port& port : snapshot.ports) {
    for (const snapshot::Listener& listener : port.listeners) {
      addRows(port, listener, rows);
    }
  }
  return rows;
}

}  // namespace gatehouse::admin
