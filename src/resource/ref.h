// How objects point at each other. Defaults of resources.md 2 are applied, namespaces are filled in
// from the referring object, and every reference keeps the position it was written at; its file is
// that of the referring object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "resource/meta.h"

namespace gatehouse::resource {

/// A Route's parent: a Gateway or ListenerSet, perhaps one listener of it.
struct ParentRef {
  std::string group{kGatewayGroup};
  std::string kind = "Gateway";
  std::string ns;
  std::string name;
  std::optional<std::string> section_name;
  std::optional<std::uint16_t> port;
  Position position;
};

/// Any other reference to a whole object: certificate, parameters, extension.
struct ObjectRef {
  std::string group;
  std::string kind;
  std::string ns;
  std::string name;
  Position position;
};

/// A target of traffic: Service, AgentgatewayBackend ...
struct BackendObjectRef {
  std::string group;
  std::string kind = "Service";
  std::string ns;
  std::string name;
  std::optional<std::uint16_t> port;
  Position position;
};

/// A Secret in the namespace of the referring object. `key` empty: the default key of the place of
/// use.
struct SecretKeyRef {
  std::string group;
  std::string kind = "Secret";
  std::string ns;
  std::string name;
  std::string key;
  Position position;
};

/// What a policy attaches to, in the policy's own namespace.
struct PolicyTargetRef {
  std::string group;
  std::string kind;
  std::string name;
  std::optional<std::string> section_name;
  std::optional<std::uint16_t> port;
  Position position;
};

/// As PolicyTargetRef, choosing objects by label.
struct PolicyTargetSelector {
  std::string group;
  std::string kind;
  StringMap match_labels;
  std::optional<std::string> section_name;
  std::optional<std::uint16_t> port;
  Position position;
};

/// metav1.LabelSelector; an empty one selects everything.
struct LabelSelector {
  struct Expression {
    std::string key;
    std::string op;  // In, NotIn, Exists, DoesNotExist
    std::vector<std::string> values;
  };
  StringMap match_labels;
  std::vector<Expression> match_expressions;
  bool matches(const StringMap& labels) const;
};

ObjectKey keyOf(const ParentRef& ref);
ObjectKey keyOf(const ObjectRef& ref);
ObjectKey keyOf(const BackendObjectRef& ref);
ObjectKey keyOf(const SecretKeyRef& ref);

}  // namespace gatehouse::resource
