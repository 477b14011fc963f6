#include "resource/schema.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

#include "resource/check/validate.h"
#include "resource/schema/format.h"
#include "resource/schema/notation.h"

namespace gatehouse::resource {
namespace {

/// Every type of a schema, once.
template <typename Visit>
void forEachType(const Type& type, std::set<const Type*>& seen, Visit visit) {
  if (!seen.insert(&type).second) {
    return;
  }
  visit(type);
  if (type.element) {
    forEachType(*type.element, seen, visit);
  }
  for (const Field& field : type.fields) {
    forEachType(*field.type, seen, visit);
  }
}

TEST(BuiltInSchemas, EveryRuleAndFormatExistsAndFieldsAreReal) {
  const SchemaSet schemas = SchemaSet::builtIn();
  std::set<const Type*> seen;
  for (const KindSchema& kind : schemas.kinds()) {
    forEachType(*kind.type, seen, [](const Type& type) {
      if (type.kind == Type::Kind::kString) {
        EXPECT_NE(findFormat(type.format), nullptr) << type.format;
      }
      for (const Rule& rule : type.rules) {
        if (rule.kind == Rule::Kind::kNamed) {
          EXPECT_NE(findRule(rule.name), nullptr) << rule.name;
        }
        for (const std::string& field : rule.fields) {
          EXPECT_NE(type.find(field.substr(0, field.find('.'))), nullptr) << field;
        }
      }
      for (const Field& field : type.fields) {
        EXPECT_EQ(type.find(field.name), &field) << "twice: " << field.name;
      }
    });
  }
  EXPECT_GT(seen.size(), 1000U);
}

TEST(BuiltInSchemas, NameEveryKindWeRead) {
  const SchemaSet schemas = SchemaSet::builtIn();
  EXPECT_EQ(schemas.kinds().size(), 21U);
  const KindSchema* store = schemas.find("external-secrets.io", "ClusterSecretStore");
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->scope, Scope::kCluster);
  EXPECT_EQ(store->versions, (std::vector<std::string>{"v1", "v1beta1"}));
  EXPECT_TRUE(schemas.hasGroup("agentgateway.dev"));
  EXPECT_FALSE(schemas.hasGroup("apps"));
  EXPECT_EQ(schemas.find("", "Gateway"), nullptr);
}

TEST(ParseNotation, ReadsEachForm) {
  constexpr std::string_view kTable = R"(
== Thing example.com/v1,v2 ns ==
# The name
spec!: {}  // 1of(a b); needs(a: c.d)
  a: str(1..3) ="x"
  b: [{}]..2 key=name [starAlone] // alone(name)
    name!: dns
  c: {d:dur(1s..), e:Red|Green|domain="Red"}
  f: map<[@Other]>1..4
@Other = {g:"only", h:qty32(16..)}
@Meta = {name!:dns}
)";
  const auto kinds = parseNotation({&kTable, 1});
  ASSERT_EQ(kinds.size(), 1U);
  EXPECT_EQ(kinds[0].group, "example.com");
  const Field* spec = kinds[0].type->find("spec");
  ASSERT_NE(spec, nullptr);
  EXPECT_TRUE(spec->required);
  EXPECT_EQ(spec->doc, "The name");
  EXPECT_EQ(spec->type->rules[1].fields, (std::vector<std::string>{"a", "c.d"}));
  EXPECT_EQ(spec->type->find("a")->default_text, "x");
  EXPECT_EQ(spec->type->find("a")->type->max, 3);
  const Type& list = *spec->type->find("b")->type;
  EXPECT_EQ(list.max, 2);
  EXPECT_EQ(list.list_key, "name");
  EXPECT_EQ(list.rules.size(), 1U);
  EXPECT_EQ(list.element->rules.size(), 1U);
  EXPECT_TRUE(list.element->find("name")->required);
  const Type& inner = *spec->type->find("c")->type;
  EXPECT_EQ(inner.find("d")->type->min, 1000);
  EXPECT_TRUE(inner.find("e")->type->other_choices);
  const Type& map = *spec->type->find("f")->type;
  EXPECT_EQ(map.max, 4);
  EXPECT_EQ(map.element->element->find("g")->type->choices.front(), "only");
  EXPECT_EQ(map.element->element->find("h")->type->max, 4294967295);
}

TEST(ParseNotation, FaultsEndTheProcess) {
  constexpr std::string_view kUnknownType = "@Meta = {a:str}\n== T v1 ns ==\na: strange\n";
  EXPECT_DEATH(parseNotation({&kUnknownType, 1}), "unknown type: strange");
  constexpr std::string_view kLoop = "@Meta = {a:str}\n== T v1 ns ==\na: @A\n@A = {b:@A}\n";
  EXPECT_DEATH(parseNotation({&kLoop, 1}), "refers to itself");
  constexpr std::string_view kDeep = "@Meta = {a:str}\n== T v1 ns ==\na: str\n    b: str\n";
  EXPECT_DEATH(parseNotation({&kDeep, 1}), "indentation");
}

}  // namespace
}  // namespace gatehouse::resource
