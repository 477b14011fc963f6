#include "compile/effect.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "resource/schema.h"

namespace gatehouse::compile {
namespace {

using resource::Type;
using testing::IsEmpty;

/// What the items of a list, or of lists in lists, are.
const Type& itemOf(const Type& type) {
  return type.kind == Type::Kind::kList ? itemOf(*type.element) : type;
}

bool isLeaf(const Type& type) {
  return itemOf(type).fields.empty();
}

/// Calls `visit(path, type)` for every field below `type`; true descends.
template <typename Visit>
void eachField(const Type& type, const std::string& path, Visit visit) {
  for (const resource::Field& field : itemOf(type).fields) {
    const std::string next = path.empty() ? field.name : path + "." + field.name;
    if (visit(next, *field.type)) {
      eachField(*field.type, next, visit);
    }
  }
}

/// Core objects belong to the cluster: of them the gateway reads what resources.md B names, and
/// what it does not read is no wish to it.
bool isOurs(const resource::KindSchema& schema) {
  return schema.group != resource::kCoreGroup && schema.group != resource::kDiscoveryGroup;
}

TEST(Effect, EveryFieldOfASchemaIsActiveOrSaidNotToBe) {
  const auto schemas = resource::SchemaSet::builtIn();
  const auto table = EffectTable::builtIn();
  std::vector<std::string> silent;
  for (const resource::KindSchema& schema : schemas.kinds()) {
    const resource::Field* spec = schema.type->find("spec");
    if (!isOurs(schema)) {
      continue;
    }
    ASSERT_NE(spec, nullptr) << schema.kind;
    const auto* effects = table.find(schema.kind);
    ASSERT_NE(effects, nullptr) << schema.kind;
    const auto decide = [&](const std::string& path, const Type& type) {
      if (effects->contains(path)) {
        return false;
      }
      if (isLeaf(type)) {
        silent.push_back(schema.kind + " " + path);
      }
      return true;
    };
    if (decide("spec", *spec->type)) {
      eachField(*spec->type, "spec", decide);
    }
  }
  EXPECT_THAT(silent, IsEmpty());
}

TEST(Effect, EveryEntryNamesAFieldAndAnActiveOneNoMoreThanItself) {
  const auto schemas = resource::SchemaSet::builtIn();
  const auto table = EffectTable::builtIn();
  for (const resource::KindSchema& schema : schemas.kinds()) {
    const auto* effects = table.find(schema.kind);
    if (effects == nullptr) {
      continue;
    }
    std::map<std::string, bool> fields;  // true: a leaf
    eachField(*schema.type, "", [&](const std::string& path, const Type& type) {
      return fields.emplace(path, isLeaf(type)).second;
    });
    for (const auto& [path, entry] : *effects) {
      ASSERT_TRUE(fields.contains(path)) << schema.kind << " " << path;
      if (entry.effect == Effect::kActive) {
        EXPECT_TRUE(fields.at(path)) << schema.kind << " " << path << " has fields of its own";
      }
    }
  }
}

}  // namespace
}  // namespace gatehouse::compile
