#include "compile/listener_set.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "compile/compile.h"

namespace gatehouse::compile {
namespace {

constexpr std::size_t kInOne = 64;  // the most that one object has

resource::ObjectKey keyOf(std::string_view kind, std::string name) {
  return {std::string(resource::kGatewayGroup), std::string(kind), "ns", std::move(name)};
}

std::vector<resource::Listener> listenersOn(std::uint16_t port, std::size_t count) {
  std::vector<resource::Listener> listeners;
  for (std::size_t i = 0; i < count; ++i) {
    resource::Listener& next = listeners.emplace_back();
    next.name = fmt::format("l{}", i);
    next.hostname = fmt::format("l{}.example.com", i);
    next.port = port;
    next.protocol = "HTTP";
  }
  return listeners;
}

/// A Gateway of one listener, and `sets` ListenerSets of 64.
resource::ResourceSet gatewayWith(std::size_t sets) {
  std::vector<resource::AnyObject> objects;
  resource::Gateway gateway;
  gateway.meta.key = keyOf("Gateway", "gw");
  gateway.gateway_class_name = "gatehouse";
  gateway.allowed_listeners.from = resource::NamespacesFrom::kAll;
  gateway.listeners = listenersOn(20000, 1);
  objects.emplace_back(std::make_shared<const resource::Gateway>(std::move(gateway)));
  for (std::size_t i = 0; i < sets; ++i) {
    resource::ListenerSet set;
    set.meta.key = keyOf("ListenerSet", fmt::format("set{:03}", i));
    set.parent_ref.ns = "ns";
    set.parent_ref.name = "gw";
    set.listeners = listenersOn(static_cast<std::uint16_t>(20001 + i), kInOne);
    objects.emplace_back(std::make_shared<const resource::ListenerSet>(std::move(set)));
  }
  return resource::ResourceSet(std::move(objects), 1);
}

const resource::Condition* acceptedOf(
    const Compiled& compiled, std::size_t set, std::size_t listener
) {
  const Status* status = compiled.report.find(keyOf("ListenerSet", fmt::format("set{:03}", set)));
  const auto* found = std::get_if<resource::ListenerSetStatus>(status);
  return resource::findCondition(
      found->listeners.at(listener).conditions, resource::condition::kAccepted
  );
}

TEST(ListenerSets, ListenersBeyondTheMostAreRefusedAndTheOthersServe) {
  const std::size_t sets = kMostListeners / kInOne;
  const resource::ResourceSet resources = gatewayWith(sets);
  const Compiled compiled = compile(resources, {});
  const auto* last = acceptedOf(compiled, sets - 1, kInOne - 1);
  EXPECT_EQ(last->status, resource::ConditionStatus::kFalse);
  EXPECT_EQ(last->reason, resource::reason::kTooManyListeners);
  EXPECT_EQ(acceptedOf(compiled, sets - 1, kInOne - 2)->status, resource::ConditionStatus::kTrue)
      << "the last one that there is room for";
  std::size_t served = 0;
  for (const snapshot::Port& port : compiled.snapshot->ports) {
    served += port.listeners.size();
  }
  EXPECT_EQ(served, kMostListeners);
}

}  // namespace
}  // namespace gatehouse::compile
