#include "io/stop.h"

#include <functional>
#include <utility>

#include <gtest/gtest.h>

namespace gatehouse::io {
namespace {

class Recorder final : public StopCallback {
 public:
  explicit Recorder(std::function<void()> action) : action_(std::move(action)) {}
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;
  ~Recorder() override = default;

 private:
  void onStop() override { action_(); }

  std::function<void()> action_;
};

TEST(Stop, CallsEachArmedCallbackOnce) {
  Stop stop;
  int calls = 0;
  Recorder first([&] { ++calls; });
  Recorder second([&] { ++calls; });
  Recorder unarmed([&] { ++calls; });
  ASSERT_TRUE(first.arm(stop));
  ASSERT_TRUE(second.arm(stop));
  stop.request();
  stop.request();
  EXPECT_TRUE(stop.requested());
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(first.armed());
}

TEST(Stop, ArmingOnARaisedStopIsRefused) {
  Stop stop;
  stop.request();
  Recorder late([] { FAIL(); });
  EXPECT_FALSE(late.arm(stop));
  EXPECT_FALSE(late.armed());
}

TEST(Stop, ACallbackMayDisarmAnother) {
  Stop stop;
  int calls = 0;
  Recorder second([&] { ++calls; });
  Recorder first([&] { second.disarm(); });
  ASSERT_TRUE(first.arm(stop));
  ASSERT_TRUE(second.arm(stop));
  stop.request();
  EXPECT_EQ(calls, 0);
}

TEST(StopLink, RaisesDownwardsOnly) {
  Stop parent;
  Stop child;
  Stop other;
  StopLink link(parent, child);
  {
    StopLink gone(parent, other);
  }
  child.request();
  EXPECT_FALSE(parent.requested());
  Stop second;
  StopLink second_link(parent, second);
  parent.request();
  EXPECT_TRUE(second.requested());
  EXPECT_FALSE(other.requested());
  Stop late;
  StopLink late_link(parent, late);
  EXPECT_TRUE(late.requested());
}

}  // namespace
}  // namespace gatehouse::io
