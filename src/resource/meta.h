// Who an object is and where it was written: identity, metadata, source. Every kind of this room
// carries an ObjectMeta.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace gatehouse::resource {

using wire::Position;

/// Labels and annotations, ordered by key.
using StringMap = std::map<std::string, std::string, std::less<>>;

inline constexpr std::string_view kGatewayGroup = "gateway.networking.k8s.io";
inline constexpr std::string_view kAgentgatewayGroup = "agentgateway.dev";
inline constexpr std::string_view kEnterpriseGroup = "enterpriseagentgateway.solo.io";
inline constexpr std::string_view kExternalSecretsGroup = "external-secrets.io";
inline constexpr std::string_view kDiscoveryGroup = "discovery.k8s.io";
inline constexpr std::string_view kCoreGroup;

/// Identity of an object. `ns` is empty for cluster-scoped kinds. The version is no part of it.
struct ObjectKey {
  std::string group;
  std::string kind;
  std::string ns;
  std::string name;
  auto operator<=>(const ObjectKey&) const = default;
};

/// "Kind ns/name", "Kind name" without a namespace, "Kind" without a name; empty for an
/// empty key.
std::string toString(const ObjectKey& key);
/// "ns/name", or "name" without a namespace.
std::string qualifiedName(const ObjectKey& key);

/// The file (or other source) an object came from and where its document starts.
struct Source {
  std::string file;
  Position position;
};

/// "file:line:column"; "file" alone if the position is unknown.
std::string toString(const Source& source);

struct ObjectMeta {
  ObjectKey key;
  std::string version;  // "v1", "v1alpha1"
  StringMap labels;
  StringMap annotations;
  std::optional<std::string> creation_timestamp;  // RFC 3339 as written; files have none
  std::int64_t generation = 0;                    // 0 when the source counts no generations
  Source source;
  /// The object as written, values of sensitive fields replaced; for showing, not for deciding.
  /// Null for a Secret.
  std::shared_ptr<const wire::Value> document;
};

/// Value of an annotation or label, or null.
const std::string* findString(const StringMap& map, std::string_view key);

/// True if `a` was created before `b`, one without creationTimestamp first, then by namespace/name
/// (resources.md 2). A total order.
bool isOlder(const ObjectMeta& a, const ObjectMeta& b);

}  // namespace gatehouse::resource
