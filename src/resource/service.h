// Service, EndpointSlice, Namespace, ConfigMap, ReferenceGrant, BackendTLSPolicy: what others refer
// to, decoded as far as we read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "resource/meta.h"
#include "resource/ref.h"

namespace gatehouse::resource {

enum class ServiceType : std::uint8_t { kClusterIp, kNodePort, kLoadBalancer, kExternalName };

struct ServicePort {
  std::string name;
  std::uint16_t port = 0;
  std::variant<std::uint16_t, std::string>
      target_port;  // number, or name of a container port; default: port
  std::optional<std::uint16_t> node_port;
  std::string protocol = "TCP";
  std::string app_protocol;
  Position position;
};

struct Service {
  static constexpr std::string_view kKind = "Service";
  ObjectMeta meta;
  ServiceType type = ServiceType::kClusterIp;
  std::string cluster_ip;  // "None" for headless
  std::string external_name;
  StringMap selector;
  std::vector<ServicePort> ports;
};

struct EndpointPort {
  std::string name;
  std::uint16_t port = 0;  // 0: not stated, the Service's targetPort
  std::string protocol = "TCP";
  std::string app_protocol;
};

struct Endpoint {
  std::vector<std::string> addresses;
  bool ready = true;         // conditions.ready, absent = ready
  bool serving = true;       // conditions.serving, absent = as ready
  bool terminating = false;  // conditions.terminating
  std::string zone;
};

/// discovery.k8s.io/v1; belongs to the Service its label kubernetes.io/service-name names.
struct EndpointSlice {
  static constexpr std::string_view kKind = "EndpointSlice";
  ObjectMeta meta;
  std::string address_type;  // IPv4 IPv6 FQDN
  std::vector<EndpointPort> ports;
  std::vector<Endpoint> endpoints;
  /// The Service's name, or empty.
  std::string serviceName() const;
};

/// Labels for selectors; a Namespace without manifest has only kubernetes.io/metadata.name.
struct Namespace {
  static constexpr std::string_view kKind = "Namespace";
  ObjectMeta meta;
};

struct ConfigMap {
  static constexpr std::string_view kKind = "ConfigMap";
  ObjectMeta meta;
  StringMap data;
};

struct ReferenceGrant {
  static constexpr std::string_view kKind = "ReferenceGrant";
  struct From {
    std::string group;
    std::string kind;
    std::string ns;
  };
  struct To {
    std::string group;
    std::string kind;
    std::optional<std::string> name;  // absent: all of that kind
  };
  ObjectMeta meta;
  std::vector<From> from;
  std::vector<To> to;
};

struct BackendTlsPolicy {
  static constexpr std::string_view kKind = "BackendTLSPolicy";
  struct SubjectAltName {
    std::string type;  // Hostname, URI
    std::string value;
  };
  ObjectMeta meta;
  std::vector<PolicyTargetRef> target_refs;
  std::string hostname;
  std::vector<ObjectRef> ca_certificate_refs;
  std::optional<std::string> well_known_ca_certificates;
  std::vector<SubjectAltName> subject_alt_names;
  StringMap options;
};

/// An object kept as written: a kind without a struct of its own, or a kind that is not ours.
struct OpaqueObject {
  ObjectMeta meta;
};

}  // namespace gatehouse::resource
