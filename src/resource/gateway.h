// GatewayClass, Gateway, ListenerSet (Gateway API v1.6.1, also v1.5), decoded and defaulted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resource/meta.h"
#include "resource/ref.h"

namespace gatehouse::resource {

struct GatewayClass {
  static constexpr std::string_view kKind = "GatewayClass";
  ObjectMeta meta;
  std::string controller_name;
  std::string description;
  std::optional<ObjectRef> parameters_ref;
};

enum class NamespacesFrom : std::uint8_t { kNone, kSame, kAll, kSelector };

/// Which namespaces may attach.
struct AllowedNamespaces {
  NamespacesFrom from = NamespacesFrom::kSame;
  LabelSelector selector;  // only with kSelector
};

struct RouteGroupKind {
  std::string group{kGatewayGroup};
  std::string kind;
  bool operator==(const RouteGroupKind&) const = default;
};

struct AllowedRoutes {
  AllowedNamespaces namespaces;
  std::vector<RouteGroupKind> kinds;  // empty: all the protocol allows
};

enum class ListenerTlsMode : std::uint8_t { kTerminate, kPassthrough };

struct ListenerTls {
  ListenerTlsMode mode = ListenerTlsMode::kTerminate;
  std::vector<ObjectRef> certificate_refs;  // default kind Secret
  StringMap options;
  Position position;
};

struct Listener {
  std::string name;
  std::string hostname;  // lower case, perhaps "*." first; empty: any host
  std::uint16_t port = 0;
  std::string protocol;  // HTTP HTTPS TLS TCP UDP, or domain/name
  std::optional<ListenerTls> tls;
  AllowedRoutes allowed_routes;
  Position position;
};

struct GatewayAddress {
  std::string type = "IPAddress";  // IPAddress Hostname NamedAddress domain/name
  std::string value;
  Position position;
};

struct FrontendValidation {
  std::vector<ObjectRef> ca_certificate_refs;
  bool allow_insecure_fallback = false;
};

/// Client certificate settings of HTTPS listeners: a default, replaced for single ports.
struct FrontendTls {
  std::optional<FrontendValidation> by_default;
  struct PerPort {
    std::uint16_t port = 0;
    std::optional<FrontendValidation> validation;
  };
  std::vector<PerPort> per_port;
};

struct GatewayInfrastructure {
  StringMap labels;
  StringMap annotations;
  std::optional<ObjectRef> parameters_ref;
};

struct Gateway {
  static constexpr std::string_view kKind = "Gateway";
  ObjectMeta meta;
  std::string gateway_class_name;
  std::vector<Listener> listeners;
  std::vector<GatewayAddress> addresses;
  AllowedNamespaces allowed_listeners{.from = NamespacesFrom::kNone, .selector = {}};
  GatewayInfrastructure infrastructure;
  std::optional<ObjectRef> backend_client_certificate;
  std::optional<FrontendTls> frontend_tls;
};

struct ListenerSet {
  static constexpr std::string_view kKind = "ListenerSet";
  ObjectMeta meta;
  ParentRef parent_ref;
  std::vector<Listener> listeners;
};

}  // namespace gatehouse::resource
