#include "resource/set.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "resource/grant.h"

namespace gatehouse::resource {
namespace {

template <typename T>
AnyObject make(std::string ns, std::string name, std::string kind = std::string(T::kKind)) {
  auto object = std::make_shared<T>();
  object->meta.key = {
      .group = "", .kind = std::move(kind), .ns = std::move(ns), .name = std::move(name)
  };
  return Shared<T>(std::move(object));
}

TEST(ResourceSet, FindsAndOrders) {
  const ResourceSet set(
      {make<HttpRoute>("b", "a"),
       make<HttpRoute>("a", "z"),
       make<Gateway>("a", "z"),
       make<HttpRoute>("a", "b")},
      7
  );
  EXPECT_EQ(set.generation(), 7U);
  EXPECT_EQ(set.size(), 4U);
  std::string order;
  for (const Shared<HttpRoute>& route : set.all<HttpRoute>()) {
    order += qualifiedName(route->meta.key) + " ";
  }
  EXPECT_EQ(order, "a/b a/z b/a ");
  EXPECT_NE(set.find<HttpRoute>("a", "z"), nullptr);
  EXPECT_EQ(set.find<HttpRoute>("a", "a"), nullptr);
  EXPECT_EQ(set.find<Secret>("a", "z"), nullptr);
  EXPECT_EQ(toString(metaOf(set.everything().front()).key), "Gateway a/z");
}

TEST(IsGranted, NeedsAGrantInTheTargetsNamespace) {
  auto grant = std::make_shared<ReferenceGrant>();
  grant->meta.key = {.group = "", .kind = "ReferenceGrant", .ns = "secrets", .name = "g"};
  grant->from = {{.group = std::string(kGatewayGroup), .kind = "Gateway", .ns = "edge"}};
  grant->to = {{.group = "", .kind = "Secret", .name = "cert"}};
  const ResourceSet set({Shared<ReferenceGrant>(grant)}, 1);
  const ObjectKey cert{.group = "", .kind = "Secret", .ns = "secrets", .name = "cert"};
  ObjectKey other = cert;
  other.name = "other";
  const Referrer gateway{.group = kGatewayGroup, .kind = "Gateway", .ns = "edge"};
  EXPECT_TRUE(isGranted(set, gateway, cert));
  EXPECT_FALSE(isGranted(set, gateway, other));
  EXPECT_FALSE(isGranted(set, {.group = kGatewayGroup, .kind = "HTTPRoute", .ns = "edge"}, cert));
  EXPECT_FALSE(isGranted(set, {.group = kGatewayGroup, .kind = "Gateway", .ns = "x"}, cert));
  EXPECT_TRUE(isGranted(set, {.group = "any", .kind = "Any", .ns = "secrets"}, other));
}

TEST(IsOlder, ByTimeThenByName) {
  ObjectMeta a;
  a.key.name = "a";
  ObjectMeta b;
  b.key.name = "b";
  EXPECT_TRUE(isOlder(a, b));
  a.creation_timestamp = "2025-01-02T00:00:00Z";
  EXPECT_TRUE(isOlder(b, a));
  b.creation_timestamp = "2025-01-01T00:00:00Z";
  EXPECT_TRUE(isOlder(b, a));
}

TEST(LabelSelector, AllPartsMustHold) {
  const StringMap labels{{"app", "web"}, {"tier", "1"}};
  LabelSelector selector;
  EXPECT_TRUE(selector.matches(labels));
  selector.match_labels = {{"app", "web"}};
  selector.match_expressions = {
      {.key = "tier", .op = "In", .values = {"1", "2"}},
      {.key = "zone", .op = "DoesNotExist", .values = {}},
      {.key = "app", .op = "NotIn", .values = {"db"}},
      {.key = "app", .op = "Exists", .values = {}},
  };
  EXPECT_TRUE(selector.matches(labels));
  selector.match_expressions.push_back({.key = "zone", .op = "In", .values = {"a"}});
  EXPECT_FALSE(selector.matches(labels));
}

TEST(LabelSelector, AnExpressionWithoutSenseHoldsForNothing) {
  const StringMap labels{{"tier", "public"}};
  for (const LabelSelector::Expression& expression : {
           LabelSelector::Expression{.key = "other", .op = "NotIn", .values = {}},
           LabelSelector::Expression{.key = "tier", .op = "In", .values = {}},
           LabelSelector::Expression{.key = "tier", .op = "Exists", .values = {"public"}},
           LabelSelector::Expression{.key = "other", .op = "DoesNotExist", .values = {"public"}},
           LabelSelector::Expression{.key = "tier", .op = "Gt", .values = {"public"}},
       }) {
    LabelSelector selector;
    selector.match_expressions.push_back(expression);
    EXPECT_FALSE(selector.matches(labels)) << expression.op;
  }
}

}  // namespace
}  // namespace gatehouse::resource
