#include "resource/schema.h"

#include <algorithm>
#include <array>
#include <utility>

#include "resource/schema/notation.h"
#include "resource/schema/tables.h"

namespace gatehouse::resource {
namespace {

/// metadata of every kind (meta/v1 ObjectMeta).
constexpr std::string_view kMetaTable = R"(
@Meta
  name!: dns
  generateName: str
  namespace: ns
  labels: map<str>
  annotations: map<str>
  uid: str
  resourceVersion: str
  generation: int
  creationTimestamp: str
  deletionTimestamp: str
  deletionGracePeriodSeconds: int
  finalizers: [str]
  ownerReferences: [object]
  managedFields: [object]
  selfLink: str
)";

}  // namespace

const Field* Type::find(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

SchemaSet SchemaSet::builtIn() {
  const std::array tables{
      kMetaTable,
      kGatewayTable,
      kRouteTable,
      kBackendTable,
      kPolicyTable,
      kSharedTable,
      kGuardTable,
      kParametersTable,
      kCoreTable,
      kSecretsTable,
  };
  return SchemaSet(parseNotation(tables));
}

SchemaSet::SchemaSet(std::vector<KindSchema> kinds) : kinds_(std::move(kinds)) {}

const KindSchema* SchemaSet::find(std::string_view group, std::string_view kind) const {
  const auto found = std::ranges::find_if(kinds_, [&](const KindSchema& schema) {
    return schema.group == group && schema.kind == kind;
  });
  return found == kinds_.end() ? nullptr : &*found;
}

bool SchemaSet::hasGroup(std::string_view group) const {
  return std::ranges::find(kinds_, group, &KindSchema::group) != kinds_.end();
}

}  // namespace gatehouse::resource
