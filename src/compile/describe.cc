#include "compile/describe.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gatehouse::compile {
namespace {

std::string_view orAny(std::string_view text) {
  return text.empty() ? "*" : text;
}

std::string_view nameOf(const snapshot::Backend& backend) {
  return backend.name.empty() ? "(none)" : backend.name.view();
}

std::string_view wordFor(snapshot::PathKind kind) {
  switch (kind) {
    case snapshot::PathKind::kExact:
      return "exact";
    case snapshot::PathKind::kRegularExpression:
      return "expression";
    case snapshot::PathKind::kPrefix:
      return "prefix";
  }
  return "";
}

void appendValues(
    std::string& out, std::string_view what, const std::vector<snapshot::ValueMatch>& values
) {
  for (const snapshot::ValueMatch& value : values) {
    out += fmt::format(" {} {}{}{}", what, value.name, value.pattern ? "~" : "=", value.value);
  }
}

std::string describeTimeout(std::string_view name, Nanos time) {
  if (time.count() == 0) {
    return "";
  }
  return fmt::format(" {} {}ms", name, std::chrono::duration_cast<Millis>(time).count());
}

void appendChanges(std::string& out, std::string_view what, const snapshot::FieldChanges& changes) {
  for (const snapshot::FieldChange& change : changes) {
    const bool removed = change.kind == snapshot::FieldChange::Kind::kRemove;
    const bool added = change.kind == snapshot::FieldChange::Kind::kAdd;
    out += removed ? fmt::format(" {} -{}", what, change.name)
                   : fmt::format(" {} {}{}={}", what, added ? "+" : "", change.name, change.value);
  }
}

std::string describePath(const std::optional<snapshot::PathChange>& path) {
  if (!path) {
    return "";
  }
  const bool whole = path->part == snapshot::PathChange::Part::kWhole;
  return fmt::format(" {} {}", whole ? "path" : "prefix", path->value);
}

std::string describeRedirect(const snapshot::Redirect& redirect) {
  return fmt::format(
      " redirect {} {}://{}{}{}",
      redirect.status,
      orAny(redirect.scheme),
      orAny(redirect.hostname),
      redirect.port ? fmt::format(":{}", *redirect.port) : "",
      describePath(redirect.path)
  );
}

std::string describeCors(const snapshot::Cors& cors) {
  std::string text = cors.any_origin ? " cors *" : " cors";
  for (const snapshot::OriginPattern& origin : cors.origins) {
    text += fmt::format(" {}{}{}", origin.begin, origin.below ? "*" : "", origin.end);
  }
  text += fmt::format(" methods [{}] headers [{}]", cors.methods, cors.headers);
  text += fmt::format(" exposed [{}] age {}", cors.exposed, cors.max_age);
  return text + (cors.credentials ? " credentials" : "");
}

std::string describeFilters(const snapshot::FiltersHandle& filters) {
  std::string text;
  if (filters == nullptr) {
    return text;
  }
  appendChanges(text, "request", filters->request);
  appendChanges(text, "response", filters->response);
  text += filters->redirect ? describeRedirect(*filters->redirect) : "";
  text += describePath(filters->path);
  text += filters->hostname.empty() ? "" : fmt::format(" host {}", filters->hostname);
  for (const snapshot::Mirror& mirror : filters->mirrors) {
    text += fmt::format(
        " mirror {} {}/{}", nameOf(*mirror.backend), mirror.numerator, mirror.denominator
    );
  }
  return text + (filters->cors ? describeCors(*filters->cors) : "");
}

std::string describeRetry(const upstream::RetryHandle& retry) {
  if (retry == nullptr) {
    return "";
  }
  return fmt::format(
      " retry {} [{}] {}ms",
      retry->attempts,
      fmt::join(retry->codes, " "),
      std::chrono::duration_cast<Millis>(retry->backoff).count()
  );
}

std::string describeRule(const snapshot::Rule& rule) {
  std::string text = fmt::format("{} rule {}", rule.route.view(), rule.name.view());
  text += describeTimeout("request", rule.request_timeout);
  text += describeTimeout("try", rule.backend_request_timeout);
  text += describeRetry(rule.retry);
  text += describeFilters(rule.filters);
  if (rule.filters != nullptr && rule.filters->redirect) {
    return text;
  }
  if (rule.total_weight == 0) {
    return text + " -> 500";
  }
  for (const snapshot::WeightedBackend& part : rule.backends) {
    text += fmt::format(" -> {}*{}", nameOf(*part.backend), part.weight);
    text += part.filters == rule.filters ? "" : describeFilters(part.filters);
  }
  return text;
}

std::string describeEntry(const snapshot::RouteEntry& entry) {
  std::string text = fmt::format(
      "      {} {} {} {}",
      orAny(entry.hostname),
      orAny(entry.method),
      wordFor(entry.path_kind),
      entry.path
  );
  appendValues(text, "header", entry.headers);
  appendValues(text, "query", entry.query);
  return fmt::format("{}: {}\n", text, describeRule(*entry.rule));
}

std::string describeTls(const upstream::Endpoint& endpoint) {
  if (endpoint.tls == nullptr) {
    return "plain text";
  }
  const upstream::TlsSettings& tls = *endpoint.tls;
  std::string text = fmt::format("TLS sni {}", orAny(tls.sni));
  switch (tls.verify) {
    case upstream::Verify::kChainAndName:
      text += fmt::format(" verified as {}", fmt::join(tls.verify_names, ", "));
      text += tls.verify_names.empty() || tls.verify_uris.empty() ? "" : ", ";
      text += fmt::format("{}", fmt::join(tls.verify_uris, ", "));
      break;
    case upstream::Verify::kChainOnly:
      text += " chain verified";
      break;
    case upstream::Verify::kNothing:
      text += " not verified";
      break;
  }
  text += tls.trust_nothing ? " trusting nothing" : tls.ca_pem.empty() ? "" : " by its own CA";
  return text + (tls.client_key_pem == nullptr ? "" : " with a client certificate");
}

std::string describeAuth(const upstream::BackendAuth& auth) {
  if (!auth.missing.empty()) {
    return fmt::format("no credential ({})", auth.missing);
  }
  if (auth.credentials.empty()) {
    return "the client's credential";
  }
  std::string text = "own credential in";
  for (const upstream::PlacedCredential& placed : auth.credentials) {
    const std::string_view place = placed.placement == upstream::Placement::kHeader  ? "header"
                                   : placed.placement == upstream::Placement::kQuery ? "query"
                                                                                     : "cookie";
    text += fmt::format(" {} {}", place, placed.name);
    text += placed.prefix.empty() ? "" : fmt::format(" \"{}\"", placed.prefix);
  }
  return text;
}

std::string_view describeVersion(upstream::HttpVersion version) {
  switch (version) {
    case upstream::HttpVersion::kAny:
      break;
    case upstream::HttpVersion::kHttp1:
      return ", HTTP/1.1 only";
    case upstream::HttpVersion::kHttp2:
      return ", HTTP/2 only";
  }
  return "";
}

std::string describeKeepalive(const std::optional<upstream::Keepalive>& keepalive) {
  const auto millis = [](Nanos time) { return std::chrono::duration_cast<Millis>(time).count(); };
  return keepalive ? fmt::format(
                         ", keepalive after {} ms, {} probes every {} ms",
                         millis(keepalive->time),
                         keepalive->probes,
                         millis(keepalive->interval)
                     )
                   : "";
}

std::string describeTunnel(const upstream::Endpoint& endpoint) {
  std::string text;
  if (endpoint.tunnel != nullptr) {
    for (const upstream::EndpointHandle& proxy : endpoint.tunnel->proxies) {
      text += fmt::format(
          "{}{} {}", text.empty() ? ", through " : " or ", proxy->name, describeTls(*proxy)
      );
    }
    text += endpoint.tunnel->authorization == nullptr ? "" : " with credentials";
  }
  return text;
}

std::string describeEndpoint(const upstream::Endpoint& endpoint) {
  return fmt::format(
      "{} host {}, {}{}{}{}",
      endpoint.unix_path.empty() ? fmt::format("{} port {}", endpoint.host, endpoint.port)
                                 : endpoint.name,
      endpoint.authority.empty() ? "of the client" : std::string_view(endpoint.authority),
      describeTls(endpoint),
      describeVersion(endpoint.version),
      describeKeepalive(endpoint.keepalive),
      describeTunnel(endpoint)
  );
}

std::string describeTarget(const snapshot::InvalidBackend& invalid) {
  return fmt::format("    invalid {}: {}\n", toString(invalid.kind), invalid.reason);
}

std::string describeTarget(const snapshot::SimulatedBackend&) {
  return "    simulated model\n";
}

std::string describeTarget(const snapshot::AiBackend& ai) {
  std::string text;
  for (const snapshot::AiProvider& provider : ai.providers) {
    const llm::ProviderSettings& llm = provider.llm;
    text += fmt::format(
        "    {} model {} base {}: {}, {}{}\n",
        llm::toString(llm.kind),
        llm.model ? std::string_view(llm.model->text) : "of the request",
        !llm.path.empty() ? llm.path
                          : llm.path_prefix.value_or(std::string(llm::profileOf(llm.kind).base)),
        describeEndpoint(*provider.endpoint),
        describeAuth(provider.auth),
        describeTimeout("response", provider.response_timeout)
    );
    for (const llm::DialectRoute& route : llm.routes.inOrder()) {
      const std::string_view dialect = llm::recordName(route.dialect);
      text += fmt::format(
          "      {} is {}\n", route.suffix, dialect.empty() ? "passed through" : dialect
      );
    }
  }
  return text;
}

std::string describeTarget(const snapshot::HttpBackend& http) {
  if (http.endpoints.empty()) {
    return "    no ready endpoint\n";
  }
  std::string text;
  for (const upstream::EndpointHandle& endpoint : http.endpoints) {
    text += fmt::format(
        "    http {}, {}{}\n",
        describeEndpoint(*endpoint),
        describeAuth(http.auth),
        describeTimeout("response", http.response_timeout)
    );
  }
  return text;
}

using Backends = std::vector<const snapshot::Backend*>;

/// Every backend once, by name; a Service is one for each of its ports.
void collect(Backends& backends, const snapshot::RouteTable& routes) {
  const auto name = [](const snapshot::Backend* backend) { return nameOf(*backend); };
  for (const snapshot::RouteEntry& entry : routes.entries()) {
    for (const snapshot::WeightedBackend& part : entry.rule->backends) {
      const snapshot::Backend* backend = part.backend.get();
      if (std::ranges::find(backends, backend) == backends.end()) {
        backends.insert(std::ranges::upper_bound(backends, name(backend), {}, name), backend);
      }
    }
  }
}

std::string describeProxyProtocol(const std::optional<snapshot::ProxyProtocol>& proxy) {
  if (!proxy) {
    return "";
  }
  return fmt::format(
      " PROXY{}{}{}",
      proxy->v1 ? " V1" : "",
      proxy->v2 ? " V2" : "",
      proxy->required ? "" : " optional"
  );
}

void appendConditions(
    std::string& out, std::string_view indent, const std::vector<resource::Condition>& conditions
) {
  for (const resource::Condition& condition : conditions) {
    out += fmt::format(
        "{}{}={} {}: {}\n",
        indent,
        condition.type,
        resource::toString(condition.status),
        condition.reason,
        condition.message
    );
  }
}

void appendListeners(std::string& out, const std::vector<resource::ListenerStatus>& listeners) {
  for (const resource::ListenerStatus& listener : listeners) {
    out += fmt::format("  listener {} routes {} kinds", listener.name, listener.attached_routes);
    for (const resource::RouteGroupKind& kind : listener.supported_kinds) {
      out += " " + kind.kind;
    }
    out += "\n";
    appendConditions(out, "    ", listener.conditions);
  }
}

void appendStatus(std::string& out, const resource::GatewayStatus& status) {
  for (const resource::StatusAddress& address : status.addresses) {
    out += fmt::format("  address {}\n", address.value);
  }
  if (status.attached_listener_sets != 0) {
    out += fmt::format("  ListenerSets {}\n", status.attached_listener_sets);
  }
  appendConditions(out, "  ", status.conditions);
  appendListeners(out, status.listeners);
}

void appendStatus(std::string& out, const resource::ListenerSetStatus& status) {
  appendConditions(out, "  ", status.conditions);
  appendListeners(out, status.listeners);
}

std::string describeRef(const resource::ParentRef& ref) {
  std::string text = ref.kind + " " + (ref.ns.empty() ? "" : ref.ns + "/") + ref.name;
  text += ref.section_name ? " section " + *ref.section_name : "";
  return text + (ref.port ? fmt::format(" port {}", *ref.port) : "");
}

void appendStatus(std::string& out, const resource::RouteStatus& status) {
  for (const resource::RouteParentStatus& parent : status.parents) {
    out += fmt::format("  parent {}\n", describeRef(parent.parent_ref));
    appendConditions(out, "    ", parent.conditions);
  }
}

void appendStatus(std::string& out, const resource::PolicyStatus& status) {
  for (const resource::PolicyAncestorStatus& ancestor : status.ancestors) {
    out += fmt::format("  ancestor {}\n", describeRef(ancestor.ancestor_ref));
    appendConditions(out, "    ", ancestor.conditions);
  }
}

void appendStatus(std::string& out, const resource::PlainStatus& status) {
  appendConditions(out, "  ", status.conditions);
}

void appendStatus(std::string& out, const resource::GatewayClassStatus& status) {
  appendConditions(out, "  ", status.conditions);
  if (!status.supported_features.empty()) {
    out += fmt::format("  {} features\n", status.supported_features.size());
  }
}

/// What a policy has changed of it; empty: nothing.
std::string describeTls(const snapshot::TlsLimits& limits) {
  const snapshot::TlsLimits otherwise;
  if (limits == otherwise) {
    return "";
  }
  const auto number = [](snapshot::TlsVersion version) {
    return version == snapshot::TlsVersion::kTls13 ? "1.3" : "1.2";
  };
  return fmt::format(
      "    TLS {} to {}, suites {}, groups {}, ALPN {}, handshake within {} ms\n",
      number(limits.min_version),
      number(limits.max_version),
      orAny(fmt::format("{}", fmt::join(limits.cipher_suites, " "))),
      orAny(fmt::format("{}", fmt::join(limits.key_exchange_groups, " "))),
      fmt::join(limits.alpn, " "),
      std::chrono::duration_cast<Millis>(limits.handshake_timeout).count()
  );
}

}  // namespace

std::string describe(const snapshot::Snapshot& snapshot) {
  std::string out;
  Backends backends;
  for (const snapshot::Port& port : snapshot.ports) {
    out += fmt::format(
        "port {} {} on {}{}{}{}\n",
        port.gateway.view(),
        port.port,
        fmt::join(port.addresses, " "),
        describeProxyProtocol(port.proxy_protocol),
        describeKeepalive(port.keepalive),
        port.tls ? fmt::format(" TLS, {} certificates", port.certificates.size()) : ""
    );
    out += port.tls ? describeTls(port.tls_limits) : "";
    if (!port.clients.ca_pem.empty()) {
      out += fmt::format(
          "    client certificates {}\n", port.clients.required ? "required" : "asked for"
      );
    }
    for (const snapshot::Listener& listener : port.listeners) {
      out +=
          fmt::format("    listener {} for {}\n", listener.name.view(), orAny(listener.hostname));
      for (const snapshot::RouteEntry& entry : listener.routes.entries()) {
        out += describeEntry(entry);
      }
      collect(backends, listener.routes);
    }
  }
  for (const snapshot::Backend* backend : backends) {
    out += fmt::format("backend {}\n", nameOf(*backend));
    out += std::visit([](const auto& target) { return describeTarget(target); }, backend->target);
  }
  return out;
}

std::string describe(const StatusReport& report) {
  std::string out;
  for (const auto& [key, status] : report.objects) {
    out += resource::toString(key) + "\n";
    std::visit([&](const auto& one) { appendStatus(out, one); }, status);
  }
  return out;
}

}  // namespace gatehouse::compile
