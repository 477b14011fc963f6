#include "resource/decode_core.h"

#include <algorithm>
#include <expected>
#include <utility>

#include <fmt/format.h>

#include "resource/reader.h"
#include "wire/base64.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

bool isVariableName(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

/// What is left of expanding a text.
struct Expanded {
  SensitiveText text;
  std::string missing;     // the first variable that is not set
  bool malformed = false;  // a `${` that begins no `${NAME}`
};

/// Replaces each `${NAME}`; a dollar sign without a brace stays as it is.
Expanded expandVariables(std::string_view text, const LookUpVariable& variable) {
  std::string out;
  Expanded expanded;
  while (!text.empty()) {
    const std::size_t start = text.find("${");
    const std::size_t end = start == std::string_view::npos ? start : text.find('}', start);
    const std::string_view name =
        end == std::string_view::npos ? "" : text.substr(start + 2, end - start - 2);
    out.append(text.substr(0, start));
    if (start == std::string_view::npos) {
      break;
    }
    if (!isVariableName(name)) {
      expanded.malformed = true;
      break;
    }
    text.remove_prefix(end + 1);
    if (auto value = variable(name)) {
      out.append(*value);
      wipe(*value);
    } else if (expanded.missing.empty()) {
      expanded.missing = name;
    }
  }
  expanded.text = SensitiveText(out);
  wipe(out);
  return expanded;
}

/// A value, or what is wrong with it. Nothing of the text itself: it may hold a secret.
using SecretValue = std::expected<SensitiveText, std::string>;

SecretValue fromBase64(const std::string& text) {
  auto bytes = wire::decodeBase64(text);
  if (!bytes) {
    return std::unexpected("expected base64");
  }
  SensitiveText value(*bytes);
  wipe(*bytes);
  return value;
}

SecretValue fromPlainText(const std::string& text, const LookUpVariable& variable) {
  if (!variable) {
    return SensitiveText(text);
  }
  Expanded expanded = expandVariables(text, variable);
  if (expanded.malformed) {
    return std::unexpected(
        "\"${\" must begin ${NAME}, the name of an environment variable in letters, digits and "
        "\"_\" (a value that has \"${\" in it can stand in data)"
    );
  }
  if (!expanded.missing.empty()) {
    return std::unexpected(fmt::format("the environment variable {} is not set", expanded.missing));
  }
  return std::move(expanded.text);
}

/// Lays the members of the object under `field` over the Secret, each read by `decode`; one that
/// cannot be read covers what was there as well.
template <typename Decode>
void addValues(
    const Value& document, std::string_view field, Decode decode, Secret& secret, FindingSink& sink
) {
  const wire::Object* members = readPart(document, field).object();
  if (members == nullptr) {
    return;
  }
  for (const wire::Member& member : *members) {
    if (member.value.isNull()) {
      continue;
    }
    const std::string* text = member.value.string();
    const bool nested = member.value.isObject() || member.value.isArray();
    SecretValue value =
        text != nullptr
            ? decode(*text)
            : std::unexpected(nested ? "expected a string" : "expected a string; put it in quotes");
    if (value) {
      secret.data.insert_or_assign(member.key, *std::move(value));
      secret.unusable.erase(member.key);
      continue;
    }
    secret.data.erase(member.key);
    secret.unusable.insert(member.key);
    sink.error(
        member.value.position,
        joinPath(field, member.key),
        fmt::format("{}; this value is left out", value.error())
    );
  }
}

ServiceType decodeServiceType(std::string_view type) {
  if (type == "NodePort") {
    return ServiceType::kNodePort;
  }
  if (type == "LoadBalancer") {
    return ServiceType::kLoadBalancer;
  }
  return type == "ExternalName" ? ServiceType::kExternalName : ServiceType::kClusterIp;
}

ServicePort decodeServicePort(const Value& document) {
  ServicePort port;
  port.name = readText(document, "name", "");
  port.port = readPort(document, "port").value_or(0);
  port.target_port = port.port;
  if (const auto number = readPort(document, "targetPort"); number && *number != 0) {
    port.target_port = *number;
  } else if (auto name = readText(document, "targetPort")) {
    port.target_port = *std::move(name);
  }
  if (const auto node_port = readPort(document, "nodePort"); node_port && *node_port != 0) {
    port.node_port = node_port;
  }
  port.protocol = readText(document, "protocol", "TCP");
  port.app_protocol = readText(document, "appProtocol", "");
  port.position = document.position;
  return port;
}

}  // namespace

Secret decodeSecret(
    const Value& document, ObjectMeta meta, const LookUpVariable& variable, FindingSink& sink
) {
  Secret secret;
  secret.type = readText(document, "type", "Opaque");
  secret.immutable = readBoolean(document, "immutable", false);
  addValues(document, "data", fromBase64, secret, sink);
  const auto plain = [&](const std::string& text) { return fromPlainText(text, variable); };
  addValues(document, "stringData", plain, secret, sink);
  secret.meta = std::move(meta);
  return secret;
}

ConfigMap decodeConfigMap(const Value& document, ObjectMeta meta) {
  ConfigMap map;
  map.data = readMap(document, "data");
  map.meta = std::move(meta);
  return map;
}

Service decodeService(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  Service service;
  service.type = decodeServiceType(readText(spec, "type", "ClusterIP"));
  service.cluster_ip = readText(spec, "clusterIP", "");
  service.external_name = readText(spec, "externalName", "");
  service.selector = readMap(spec, "selector");
  for (const Value& port : readList(spec, "ports")) {
    service.ports.push_back(decodeServicePort(port));
  }
  service.meta = std::move(meta);
  return service;
}

EndpointSlice decodeEndpointSlice(const Value& document, ObjectMeta meta) {
  EndpointSlice slice;
  slice.address_type = readText(document, "addressType", "IPv4");
  for (const Value& port : readList(document, "ports")) {
    slice.ports.push_back({
        .name = readText(port, "name", ""),
        .port = readPort(port, "port").value_or(0),
        .protocol = readText(port, "protocol", "TCP"),
        .app_protocol = readText(port, "appProtocol", ""),
    });
  }
  for (const Value& endpoint : readList(document, "endpoints")) {
    const Value& conditions = readPart(endpoint, "conditions");
    const bool ready = readBoolean(conditions, "ready", true);
    slice.endpoints.push_back({
        .addresses = readTexts(endpoint, "addresses"),
        .ready = ready,
        .serving = readBoolean(conditions, "serving", ready),
        .terminating = readBoolean(conditions, "terminating", false),
        .zone = readText(endpoint, "zone", ""),
    });
  }
  slice.meta = std::move(meta);
  return slice;
}

ReferenceGrant decodeReferenceGrant(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  ReferenceGrant grant;
  for (const Value& from : readList(spec, "from")) {
    grant.from.push_back({
        .group = readText(from, "group", ""),
        .kind = readText(from, "kind", ""),
        .ns = readText(from, "namespace", ""),
    });
  }
  for (const Value& to : readList(spec, "to")) {
    grant.to.push_back({
        .group = readText(to, "group", ""),
        .kind = readText(to, "kind", ""),
        .name = readText(to, "name"),
    });
  }
  grant.meta = std::move(meta);
  return grant;
}

Namespace decodeNamespace(const Value&, ObjectMeta meta) {
  return {.meta = std::move(meta)};
}

ExternalSecret decodeExternalSecret(const Value& document, ObjectMeta meta) {
  return {.meta = std::move(meta), .spec = readPart(document, "spec")};
}

SecretStore decodeSecretStore(const Value& document, ObjectMeta meta) {
  return {.meta = std::move(meta), .spec = readPart(document, "spec")};
}

}  // namespace gatehouse::resource
