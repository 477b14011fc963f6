#include "resource/decode_gateway.h"

#include <string>
#include <utility>

#include "resource/decode_ref.h"
#include "resource/reader.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

AllowedNamespaces decodeNamespaces(const Value& namespaces, NamespacesFrom otherwise) {
  AllowedNamespaces allowed{.from = otherwise, .selector = {}};
  const std::string from = readText(namespaces, "from", "");
  if (from == "All") {
    allowed.from = NamespacesFrom::kAll;
  } else if (from == "Same") {
    allowed.from = NamespacesFrom::kSame;
  } else if (from == "None") {
    allowed.from = NamespacesFrom::kNone;
  } else if (from == "Selector") {
    // Without a selector nothing is selected, as with a null one in Kubernetes.
    const Value* selector = readField(namespaces, "selector");
    allowed.from = selector == nullptr ? NamespacesFrom::kNone : NamespacesFrom::kSelector;
    allowed.selector = selector == nullptr ? LabelSelector() : decodeLabelSelector(*selector);
  }
  return allowed;
}

Listener decodeListener(const Value& document, const std::string& ns) {
  Listener listener;
  listener.name = readText(document, "name", "");
  listener.hostname = readText(document, "hostname", "");
  listener.port = readPort(document, "port").value_or(0);
  listener.protocol = readText(document, "protocol", "");
  listener.position = document.position;
  if (const Value* tls = readField(document, "tls")) {
    listener.tls = ListenerTls{
        .mode = readText(*tls, "mode", "") == "Passthrough" ? ListenerTlsMode::kPassthrough
                                                            : ListenerTlsMode::kTerminate,
        .certificate_refs = decodeObjectRefs(*tls, "certificateRefs", ns, "Secret"),
        .options = readMap(*tls, "options"),
        .position = tls->position,
    };
  }
  const Value& allowed = readPart(document, "allowedRoutes");
  listener.allowed_routes.namespaces =
      decodeNamespaces(readPart(allowed, "namespaces"), NamespacesFrom::kSame);
  for (const Value& kind : readList(allowed, "kinds")) {
    listener.allowed_routes.kinds.push_back(
        {.group = readText(kind, "group", kGatewayGroup), .kind = readText(kind, "kind", "")}
    );
  }
  return listener;
}

std::vector<Listener> decodeListeners(const Value& spec, const std::string& ns) {
  std::vector<Listener> listeners;
  for (const Value& listener : readList(spec, "listeners")) {
    listeners.push_back(decodeListener(listener, ns));
  }
  return listeners;
}

std::optional<FrontendValidation> decodeValidation(const Value& tls, const std::string& ns) {
  const Value* validation = readField(tls, "validation");
  if (validation == nullptr) {
    return std::nullopt;
  }
  return FrontendValidation{
      .ca_certificate_refs = decodeObjectRefs(*validation, "caCertificateRefs", ns, "ConfigMap"),
      .allow_insecure_fallback = readText(*validation, "mode", "") == "AllowInsecureFallback",
  };
}

FrontendTls decodeFrontendTls(const Value& frontend, const std::string& ns) {
  FrontendTls tls;
  tls.by_default = decodeValidation(readPart(frontend, "default"), ns);
  for (const Value& entry : readList(frontend, "perPort")) {
    tls.per_port.push_back({
        .port = readPort(entry, "port").value_or(0),
        .validation = decodeValidation(readPart(entry, "tls"), ns),
    });
  }
  return tls;
}

GatewayInfrastructure decodeInfrastructure(const Value& document, const std::string& ns) {
  GatewayInfrastructure infrastructure;
  infrastructure.labels = readMap(document, "labels");
  infrastructure.annotations = readMap(document, "annotations");
  if (const Value* ref = readField(document, "parametersRef")) {
    infrastructure.parameters_ref = decodeObjectRef(*ref, ns, "");
  }
  return infrastructure;
}

}  // namespace

GatewayClass decodeGatewayClass(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  GatewayClass gateway_class;
  gateway_class.controller_name = readText(spec, "controllerName", "");
  gateway_class.description = readText(spec, "description", "");
  if (const Value* ref = readField(spec, "parametersRef")) {
    gateway_class.parameters_ref = decodeObjectRef(*ref, "", "");
  }
  gateway_class.meta = std::move(meta);
  return gateway_class;
}

Gateway decodeGateway(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  const std::string& ns = meta.key.ns;
  Gateway gateway;
  gateway.gateway_class_name = readText(spec, "gatewayClassName", "");
  gateway.listeners = decodeListeners(spec, ns);
  for (const Value& address : readList(spec, "addresses")) {
    gateway.addresses.push_back({
        .type = readText(address, "type", "IPAddress"),
        .value = readText(address, "value", ""),
        .position = address.position,
    });
  }
  gateway.allowed_listeners =
      decodeNamespaces(readPart(spec, "allowedListeners.namespaces"), NamespacesFrom::kNone);
  gateway.infrastructure = decodeInfrastructure(readPart(spec, "infrastructure"), ns);
  if (const Value* ref = readPath(spec, "tls.backend.clientCertificateRef")) {
    gateway.backend_client_certificate = decodeObjectRef(*ref, ns, "Secret");
  }
  if (const Value* frontend = readPath(spec, "tls.frontend")) {
    gateway.frontend_tls = decodeFrontendTls(*frontend, ns);
  }
  gateway.meta = std::move(meta);
  return gateway;
}

ListenerSet decodeListenerSet(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  ListenerSet set;
  set.parent_ref = decodeParentRef(readPart(spec, "parentRef"), meta.key.ns);
  set.listeners = decodeListeners(spec, meta.key.ns);
  set.meta = std::move(meta);
  return set;
}

}  // namespace gatehouse::resource
