#include "control/generations.h"

#include <gtest/gtest.h>

#include "wire/json_read.h"

namespace gatehouse::control {
namespace {

const resource::ObjectKey kRoute{"gateway.networking.k8s.io", "HTTPRoute", "team", "web"};
const resource::ObjectKey kOther{"gateway.networking.k8s.io", "HTTPRoute", "team", "other"};

wire::Value json(std::string_view text) {
  return wire::readJson(text).value();
}

TEST(Generations, CountsChangesOfTheSpecAlone) {
  Generations generations;
  EXPECT_EQ(
      generations.count(kRoute, json(R"({"metadata": {"labels": {}}, "spec": {"a": 1}})")), 1
  );
  EXPECT_EQ(generations.count(kRoute, json(R"({"metadata": {}, "spec": { "a":1 }})")), 1);
  EXPECT_EQ(generations.count(kRoute, json(R"({"spec": {"a": 2}})")), 2);
  EXPECT_EQ(generations.count(kRoute, json(R"({"spec": {"a": 1}})")), 3);
  EXPECT_EQ(generations.count(kOther, json(R"({"spec": {"a": 1}})")), 1);
}

TEST(Generations, WithoutSpecThereIsNone) {
  EXPECT_EQ(Generations().count(kRoute, json(R"({"data": {"a": "b"}})")), 0);
}

TEST(Generations, AnObjectThatComesAgainBeginsAnew) {
  Generations generations;
  generations.count(kRoute, json(R"({"spec": 1})"));
  generations.count(kRoute, json(R"({"spec": 2})"));
  generations.forgetUncounted();
  EXPECT_EQ(generations.count(kRoute, json(R"({"spec": 2})")), 2);
  generations.forgetUncounted();
  generations.forgetUncounted();
  EXPECT_EQ(generations.count(kRoute, json(R"({"spec": 2})")), 1);
}

}  // namespace
}  // namespace gatehouse::control
