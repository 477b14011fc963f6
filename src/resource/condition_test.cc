#include "resource/condition.h"

#include <gtest/gtest.h>

#include "wire/json_write.h"

namespace gatehouse::resource {
namespace {

Condition accepted(ConditionStatus status, std::int64_t seconds) {
  return {
      .type = std::string(condition::kAccepted),
      .status = status,
      .reason = std::string(reason::kAccepted),
      .message = std::string(message::kRouteAccepted),
      .observed_generation = 3,
      .last_transition = WallMicros{seconds * 1'000'000},
  };
}

TEST(SetCondition, TimeChangesOnlyWithStatus) {
  std::vector<Condition> conditions;
  setCondition(conditions, accepted(ConditionStatus::kTrue, 100));
  setCondition(conditions, accepted(ConditionStatus::kTrue, 200));
  ASSERT_EQ(conditions.size(), 1U);
  EXPECT_EQ(conditions[0].last_transition, WallMicros{100'000'000});
  setCondition(conditions, accepted(ConditionStatus::kFalse, 300));
  EXPECT_EQ(conditions[0].last_transition, WallMicros{300'000'000});
  EXPECT_NE(findCondition(conditions, condition::kAccepted), nullptr);
  EXPECT_EQ(findCondition(conditions, condition::kProgrammed), nullptr);
}

TEST(SameAs, IgnoresTheTime) {
  EXPECT_TRUE(accepted(ConditionStatus::kTrue, 1).sameAs(accepted(ConditionStatus::kTrue, 2)));
  EXPECT_FALSE(accepted(ConditionStatus::kTrue, 1).sameAs(accepted(ConditionStatus::kFalse, 1)));
}

TEST(ToValue, RouteStatusAsKubernetesHasIt) {
  RouteStatus status;
  status.parents.push_back({
      .parent_ref =
          {.ns = "team", .name = "gw", .section_name = "http", .port = {}, .position = {}},
      .controller_name = "gatehouse.dev/gatehouse",
      .conditions = {accepted(ConditionStatus::kTrue, 1'700'000'000)},
  });
  EXPECT_EQ(
      wire::writeJson(toValue(status)),
      R"({"parents":[{"parentRef":{"group":"gateway.networking.k8s.io","kind":"Gateway",)"
      R"("namespace":"team","name":"gw","sectionName":"http"},)"
      R"("controllerName":"gatehouse.dev/gatehouse","conditions":[{"type":"Accepted",)"
      R"("status":"True","observedGeneration":3,"lastTransitionTime":"2023-11-14T22:13:20Z",)"
      R"("reason":"Accepted","message":"Successfully accepted Route"}]}]})"
  );
}

TEST(ToValue, GatewayStatusCarriesAddressTypesAndListeners) {
  GatewayStatus status;
  status.addresses.push_back({.type = "IPAddress", .value = "127.0.0.1"});
  status.listeners.push_back({
      .name = "http",
      .attached_routes = 2,
      .supported_kinds = {{.group = std::string(kGatewayGroup), .kind = "HTTPRoute"}},
      .conditions = {},
  });
  EXPECT_EQ(
      wire::writeJson(toValue(status)),
      R"({"addresses":[{"type":"IPAddress","value":"127.0.0.1"}],"attachedListenerSets":0,"conditions":[],)"
      R"("listeners":[{"name":"http","attachedRoutes":2,"supportedKinds":[{"group":)"
      R"("gateway.networking.k8s.io","kind":"HTTPRoute"}],"conditions":[]}]})"
  );
}

TEST(ToValue, LongMessagesAreCutBetweenCharacters) {
  Condition condition = accepted(ConditionStatus::kTrue, 0);
  condition.message = std::string(kMaxConditionMessage - 1, 'a') + "\xc3\xa4";
  const wire::Value value = toValue(condition);
  EXPECT_EQ(value.find("message")->string()->size(), kMaxConditionMessage - 1);
}

TEST(ToValue, PolicyAncestorsAndClassFeatures) {
  PolicyStatus policy;
  policy.ancestors.push_back(
      {.ancestor_ref = {.ns = {}, .name = "gw", .section_name = {}, .port = 80, .position = {}},
       .controller_name = "c",
       .conditions = {}}
  );
  EXPECT_EQ(
      wire::writeJson(toValue(policy)),
      R"({"ancestors":[{"ancestorRef":{"group":"gateway.networking.k8s.io","kind":"Gateway",)"
      R"("name":"gw","port":80},"controllerName":"c","conditions":[]}]})"
  );
  EXPECT_EQ(
      wire::writeJson(
          toValue(GatewayClassStatus{.conditions = {}, .supported_features = {"Gateway"}})
      ),
      R"({"conditions":[],"supportedFeatures":[{"name":"Gateway"}]})"
  );
}

}  // namespace
}  // namespace gatehouse::resource
