#include "control/debounce.h"

#include <gtest/gtest.h>

namespace gatehouse::control {
namespace {

const MonoTime kStart{Seconds(1000)};

TEST(Debounce, NothingIsDueBeforeAChange) {
  Debounce debounce;
  EXPECT_FALSE(debounce.due());
  EXPECT_FALSE(debounce.take(kStart));
}

TEST(Debounce, WaitsForAQuietMoment) {
  Debounce debounce(Millis(100), Seconds(1));
  debounce.note(kStart);
  EXPECT_EQ(debounce.due(), kStart + Millis(100));
  debounce.note(kStart + Millis(60));
  EXPECT_FALSE(debounce.take(kStart + Millis(159)));
  EXPECT_TRUE(debounce.take(kStart + Millis(160)));
  EXPECT_FALSE(debounce.take(kStart + Millis(161)));
}

TEST(Debounce, DoesNotWaitForEver) {
  Debounce debounce(Millis(100), Seconds(1));
  for (int i = 0; i < 50; ++i) {
    debounce.note(kStart + Millis(50) * i);
  }
  EXPECT_EQ(debounce.due(), kStart + Seconds(1));
  EXPECT_TRUE(debounce.take(kStart + Seconds(1)));
  debounce.note(kStart + Seconds(3));
  EXPECT_EQ(debounce.due(), kStart + Seconds(3) + Millis(100));
}

}  // namespace
}  // namespace gatehouse::control
