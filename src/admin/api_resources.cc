#include "admin/api_resources.h"

#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "resource/condition.h"
#include "wire/json_write.h"
#include "wire/percent.h"

namespace gatehouse::admin {
namespace {

struct Filter {
  std::string kind;
  std::string ns;
  std::string name;

  bool admits(const resource::ObjectKey& key) const {
    return (kind.empty() || iequals(kind, key.kind)) && (ns.empty() || ns == key.ns) &&
           (name.empty() || name == key.name);
  }
};

/// Nothing when a parameter is not one of ours.
std::optional<Filter> readFilter(std::string_view query) {
  Filter filter;
  if (query.empty()) {
    return filter;
  }
  for (std::string_view part : split(query, '&')) {
    auto pair = splitOnce(part, '=').value_or(std::pair(part, std::string_view()));
    std::string* field = pair.first == "kind"        ? &filter.kind
                         : pair.first == "namespace" ? &filter.ns
                         : pair.first == "name"      ? &filter.name
                                                     : nullptr;
    if (field == nullptr) {
      return std::nullopt;
    }
    *field = wire::decodeQueryPart(pair.second).value_or(std::string(pair.second));
  }
  return filter;
}

std::string apiVersion(const control::ObjectView& object) {
  return object.key.group.empty() ? object.version : object.key.group + "/" + object.version;
}

wire::Value metadata(const resource::ObjectKey& key) {
  wire::Value meta;
  meta.set("name", key.name);
  if (!key.ns.empty()) {
    meta.set("namespace", key.ns);
  }
  return meta;
}

wire::Value objectJson(const control::ObjectView& object) {
  wire::Value json;
  json.set("apiVersion", apiVersion(object));
  json.set("kind", object.key.kind);
  json.set("metadata", metadata(object.key));
  json.set("source", resource::toString(object.source));
  if (!object.secret_keys.empty()) {
    wire::Array keys(object.secret_keys.begin(), object.secret_keys.end());
    json.set("keys", std::move(keys));
  }
  if (object.document != nullptr) {
    if (const wire::Value* spec = object.document->find("spec")) {
      json.set("spec", *spec);
    }
  }
  json.set("status", object.status);
  return json;
}

wire::Value findingJson(const resource::Finding& finding) {
  wire::Value json;
  json.set("severity", resource::toString(finding.severity));
  json.set("file", finding.file);
  json.set("line", static_cast<std::int64_t>(finding.position.line));
  json.set("column", static_cast<std::int64_t>(finding.position.column));
  json.set("object", resource::toString(finding.object));
  json.set("path", finding.field);
  json.set("message", finding.message);
  return json;
}

wire::Value unboundJson(const snapshot::BindFailure& failure) {
  wire::Value json;
  json.set("gateway", failure.gateway);
  json.set("port", static_cast<std::int64_t>(failure.port));
  json.set("address", failure.address);
  json.set("reason", failure.reason);
  return json;
}

wire::Value stateJson(const control::View& view) {
  wire::Value json;
  json.set("generation", static_cast<std::int64_t>(view.generation));
  json.set("reloads", static_cast<std::int64_t>(view.reloads));
  json.set("rejected_reloads", static_cast<std::int64_t>(view.rejected_reloads));
  json.set("unchanged_reloads", static_cast<std::int64_t>(view.unchanged_reloads));
  json.set("last_error", view.last_error.empty() ? wire::Value() : wire::Value(view.last_error));
  wire::Array unbound;
  for (const snapshot::BindFailure& failure : view.unbound) {
    unbound.push_back(unboundJson(failure));
  }
  json.set("unbound", std::move(unbound));
  return json;
}

wire::Value resourcesJson(const control::View& view, const Filter& filter) {
  wire::Value json = stateJson(view);
  wire::Array findings;
  for (const resource::Finding& finding : view.findings) {
    findings.push_back(findingJson(finding));
  }
  json.set("findings", std::move(findings));
  wire::Array items;
  for (const control::ObjectView& object : view.objects) {
    if (filter.admits(object.key)) {
      items.push_back(objectJson(object));
    }
  }
  json.set("items", std::move(items));
  return json;
}

wire::Value textsJson(const std::vector<std::string>& texts) {
  return wire::Array(texts.begin(), texts.end());
}

wire::Value certificatesJson(const control::View& view) {
  wire::Array items;
  for (const control::CertificateView& certificate : view.certificates) {
    wire::Value json;
    json.set("secret", certificate.secret);
    json.set("subject", certificate.subject);
    json.set("names", textsJson(certificate.names));
    json.set("not_before", resource::toRfc3339(certificate.not_before));
    json.set("not_after", resource::toRfc3339(certificate.not_after));
    json.set("used_by", textsJson(certificate.used_by));
    items.push_back(std::move(json));
  }
  wire::Value json;
  json.set("certificates", std::move(items));
  return json;
}

Reply jsonReply(const wire::Value& value) {
  return {
      .content_type = "application/json",
      .body = wire::writeJson(value, wire::JsonStyle::kPretty) + "\n"
  };
}

}  // namespace

Handler resourcesHandler(ReadView view) {
  return [view = std::move(view)](const http::RequestHead& head) -> Reply {
    std::string_view path = head.path();
    if (path == "/api/config") {
      return jsonReply(stateJson(*view()));
    }
    if (path == "/api/certificates") {
      return jsonReply(certificatesJson(*view()));
    }
    if (path != "/api/resources") {
      return problem(
          404, "not_found", "Served here: /api/resources, /api/config, /api/certificates."
      );
    }
    std::optional<Filter> filter = readFilter(head.query());
    if (!filter) {
      return problem(400, "bad_filter", "Query parameters are kind, namespace and name.");
    }
    return jsonReply(resourcesJson(*view(), *filter));
  };
}

}  // namespace gatehouse::admin
