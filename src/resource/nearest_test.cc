#include "resource/nearest.h"

#include <array>

#include <gtest/gtest.h>

namespace gatehouse::resource {
namespace {

constexpr std::array<std::string_view, 4> kNames{"pathPrefix", "path", "HTTPRoute", "Gateway"};

TEST(NearestName, FindsTypingMistakes) {
  EXPECT_EQ(nearestName("pathprefix", kNames), "pathPrefix");
  EXPECT_EQ(nearestName("Gatway", kNames), "Gateway");
  EXPECT_EQ(nearestName("Gatewya", kNames), "Gateway");
  EXPECT_EQ(nearestName("paht", kNames), "path");
  EXPECT_EQ(nearestName("prefix", kNames), "pathPrefix");
}

TEST(NearestName, StaysSilentWhenNothingIsNear) {
  EXPECT_EQ(nearestName("kind", kNames), "");
  EXPECT_EQ(nearestName("GRPCRoute", kNames), "");
  EXPECT_EQ(nearestName("", kNames), "");
  EXPECT_EQ(didYouMean("kind", kNames), "");
}

TEST(DidYouMean, IsTheTailOfAMessage) {
  EXPECT_EQ(didYouMean("Gatway", kNames), "; did you mean \"Gateway\"?");
}

}  // namespace
}  // namespace gatehouse::resource
