#include "compile/features.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace gatehouse::compile {
namespace {

TEST(Features, AreSortedUniqueAndNoMoreThanTheApiTakes) {
  const auto features = supportedFeatures();
  EXPECT_TRUE(std::ranges::is_sorted(features));
  EXPECT_EQ(std::ranges::adjacent_find(features), features.end());
  EXPECT_LE(features.size(), 64U);
  EXPECT_GE(features.size(), 1U);
}

}  // namespace
}  // namespace gatehouse::compile
