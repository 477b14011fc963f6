#include "proxy/filters.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "base/text.h"
#include "http/target.h"
#include "snapshot/route_match.h"

namespace gatehouse::proxy {
namespace {

std::uint16_t wellKnownPort(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

bool matches(const snapshot::OriginPattern& pattern, std::string_view origin) {
  if (!pattern.below) {
    return origin == pattern.begin;
  }
  if (origin.size() <= pattern.begin.size() + pattern.end.size() ||
      !origin.starts_with(pattern.begin) || !origin.ends_with(pattern.end)) {
    return false;
  }
  origin.remove_prefix(pattern.begin.size());
  origin.remove_suffix(pattern.end.size());
  return !origin.contains(':');  // a port that the pattern does not name
}

void addUnlessEmpty(http::Fields& fields, http::FieldName name, std::string_view value) {
  if (!value.empty()) {
    fields.add(name, value);
  }
}

/// With credentials a browser takes no '*': what it asks for is said instead.
std::string allowed(
    const snapshot::Cors& cors, std::string_view list, const http::Fields& fields, const char* asked
) {
  const bool repeat = cors.credentials && list == "*";
  return repeat ? fields.joined(std::string_view(asked)) : std::string(list);
}

/// Each behind a comma.
std::string namesOf(const http::Fields& fields) {
  std::string names;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    names += ", ";
    names += fields.at(i).name;
  }
  return names;
}

void removeCorsFields(http::Fields& fields) {
  constexpr std::array<std::string_view, 6> kNames{
      "access-control-allow-origin",
      "access-control-allow-credentials",
      "access-control-allow-methods",
      "access-control-allow-headers",
      "access-control-expose-headers",
      "access-control-max-age",
  };
  for (const std::string_view name : kNames) {
    fields.remove(name);
  }
}

void rewriteTarget(Exchange& x) {
  const snapshot::PathChange& change = *x.filters->path;
  http::RequestHead& head = x.head();
  std::string target = changedPath(change, head.path(), x.route_prefix);
  if (const std::size_t query = head.target.find('?'); query != std::string::npos) {
    target.append(head.target, query);
  }
  head.target = std::move(target);
  const bool prefix = change.part == snapshot::PathChange::Part::kPrefix;
  x.route_prefix = prefix ? snapshot::normalPrefix(change.value) : std::string_view();
}

}  // namespace

void change(http::Fields& fields, const snapshot::FieldChanges& changes) {
  for (const snapshot::FieldChange& one : changes) {
    switch (one.kind) {
      case snapshot::FieldChange::Kind::kRemove:
        fields.remove(one.name);
        break;
      case snapshot::FieldChange::Kind::kSet:
        fields.set(one.name, one.value);
        break;
      case snapshot::FieldChange::Kind::kAdd:
        fields.add(one.name, one.value);
        break;
    }
  }
}

std::string changedPath(
    const snapshot::PathChange& change, std::string_view path, std::string_view prefix
) {
  if (change.part == snapshot::PathChange::Part::kWhole || path.size() <= prefix.size()) {
    return change.value;
  }
  return std::string(snapshot::normalPrefix(change.value)).append(path.substr(prefix.size()));
}

std::string locationOf(
    const snapshot::Redirect& redirect,
    const http::RequestHead& head,
    std::string_view prefix,
    ListenerPlace place
) {
  std::string_view scheme = redirect.scheme;
  std::uint16_t port = place.port;
  if (scheme.empty()) {
    scheme = place.secure ? "https" : "http";
  } else {
    port = wellKnownPort(scheme);
  }
  port = redirect.port.value_or(port);
  const std::string_view asked = head.path().starts_with('/') ? head.path() : "/";  // "*" is none
  const std::string path =
      redirect.path ? changedPath(*redirect.path, asked, prefix) : std::string(asked);
  const std::string_view host =
      redirect.hostname.empty() ? http::hostOf(head.authority) : redirect.hostname;
  std::string location;
  if (host.empty()) {
    // HTTP/1.0 without Host: a path alone, which must not read as a host.
    location = path.substr(std::min(path.find_first_not_of('/'), path.size()));
    location.insert(0, "/");
  } else {
    location.append(scheme).append("://").append(host);
    if (port != wellKnownPort(scheme)) {
      location.append(":").append(std::to_string(port));
    }
    location += path;
  }
  if (const std::size_t query = head.target.find('?'); query != std::string::npos) {
    location.append(head.target, query);
  }
  return location;
}

bool allows(const snapshot::Cors& cors, std::string_view origin) {
  if (cors.any_origin) {
    return true;
  }
  const std::string normal = http::normalOrigin(origin);
  return std::ranges::any_of(cors.origins, [&](const snapshot::OriginPattern& pattern) {
    return matches(pattern, normal);
  });
}

bool isCorsPreflight(const http::RequestHead& head) {
  return head.method == http::Method::kOptions && head.fields.has("origin") &&
         head.fields.has("access-control-request-method");
}

http::Fields corsFields(const snapshot::Cors& cors, const http::RequestHead& head) {
  http::Fields fields;
  const bool same_for_all = cors.any_origin && !cors.credentials;
  if (!same_for_all) {
    fields.add("Vary", "Origin");
  }
  const auto origin = head.fields.get("origin");
  if (!origin || !allows(cors, *origin)) {
    return fields;
  }
  fields.add("Access-Control-Allow-Origin", same_for_all ? "*" : *origin);
  if (cors.credentials) {
    fields.add("Access-Control-Allow-Credentials", "true");
  }
  if (!isCorsPreflight(head)) {
    addUnlessEmpty(fields, "Access-Control-Expose-Headers", cors.exposed);
    return fields;
  }
  addUnlessEmpty(
      fields,
      "Access-Control-Allow-Methods",
      allowed(cors, cors.methods, head.fields, "access-control-request-method")
  );
  addUnlessEmpty(
      fields,
      "Access-Control-Allow-Headers",
      allowed(cors, cors.headers, head.fields, "access-control-request-headers")
  );
  addUnlessEmpty(fields, "Access-Control-Max-Age", cors.max_age);
  return fields;
}

std::optional<Answer> answerByFilters(Exchange& x) {
  const snapshot::Filters& filters = *x.filters;
  Answer answer;
  if (filters.cors) {
    x.cors = std::make_unique<http::Fields>(corsFields(*filters.cors, x.head()));
    if (isCorsPreflight(x.head())) {
      answer.head = localReply(204, "", "").head;
      return answer;
    }
  }
  if (filters.redirect) {
    answer.head = localReply(filters.redirect->status, "", "").head;
    const ListenerPlace place{.secure = x.port->tls, .port = x.port->port};
    answer.head.fields.add(
        "Location", locationOf(*filters.redirect, x.head(), x.route_prefix, place)
    );
    return answer;
  }
  return std::nullopt;
}

std::optional<Answer> passBackendFilters(Exchange& x) {
  std::optional<Answer> answer;
  if (x.filters != x.rule->filters.get()) {
    answer = answerByFilters(x);
  }
  if (!answer && x.filters->path) {
    rewriteTarget(x);
  }
  return answer;
}

void filterRequest(
    const snapshot::Filters& filters,
    http::RequestHead& head,
    http::ClientCredential& client,
    const upstream::BackendAuth& auth
) {
  if (!filters.hostname.empty()) {
    head.authority = filters.hostname;
  }
  if (filters.request.empty()) {
    return;
  }
  if (!auth.credentials.empty()) {
    change(head.fields, filters.request);
    http::ClientCredential::discard(head);
    return;
  }
  client.putBack(head);
  client = {};
  change(head.fields, filters.request);
}

void filterReply(Exchange& x, Answer& answer) {
  http::Fields& fields = answer.head.fields;
  change(fields, x.filters->response);
  if (x.cors == nullptr) {
    return;
  }
  removeCorsFields(fields);
  const std::string names = x.filters->cors && x.filters->cors->credentials
                                ? "x-gatehouse-request-id, x-request-id" + namesOf(fields)
                                : "*";
  for (std::size_t i = 0; i < x.cors->size(); ++i) {
    const http::Fields::Field field = x.cors->at(i);
    const bool all = field.value == "*" && iequals(field.name, "access-control-expose-headers");
    fields.add(field.name, all ? std::string_view(names) : field.value);
  }
}

}  // namespace gatehouse::proxy
