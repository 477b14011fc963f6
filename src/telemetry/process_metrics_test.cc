#include "telemetry/process_metrics.h"

#include <gtest/gtest.h>

namespace gatehouse::telemetry {
namespace {

constexpr WallMicros kStart{1'700'000'000'000'042};

TEST(InstanceName, IsThePodElseHostAndStart) {
  EXPECT_EQ(instanceName("gatehouse-7d9f-x2", "node-3", kStart), "gatehouse-7d9f-x2");
  EXPECT_EQ(instanceName("", "node-3", kStart), "node-3@2023-11-14T22:13:20.000042Z");
  EXPECT_EQ(instanceName(" ", "node-3", kStart), "node-3@2023-11-14T22:13:20.000042Z");
  EXPECT_EQ(instanceName("", "", kStart), "unknown@2023-11-14T22:13:20.000042Z");
}

TEST(InstanceName, OfTwoStartsOnOneHostDiffers) {
  const WallMicros later{static_cast<std::int64_t>(kStart) + 1};
  EXPECT_NE(instanceName("", "node-3", kStart), instanceName("", "node-3", later));
}

TEST(HostName, IsTold) {
  EXPECT_NE(hostName(), "");
  EXPECT_EQ(hostName().find('\0'), std::string::npos);
}

}  // namespace
}  // namespace gatehouse::telemetry
