#include "resource/schema/scalar.h"

#include <gtest/gtest.h>

namespace gatehouse::resource {
namespace {

TEST(ParseDuration, AcceptsUnitsInSequence) {
  EXPECT_EQ(parseDuration("0s"), Millis(0));
  EXPECT_EQ(parseDuration("500ms"), Millis(500));
  EXPECT_EQ(parseDuration("1h30m"), Millis(5'400'000));
  EXPECT_EQ(parseDuration("1h2m3s4ms"), Millis(3'723'004));
  EXPECT_EQ(parseDuration("99999h"), Millis(99'999LL * 3'600'000));
}

TEST(ParseDuration, RefusesWhatTheGatewayApiRefuses) {
  for (const char* text : {"", "10", "1.5s", "10us", "-1s", "s", "1s ", "100000s", "1h1m1s1ms1s"}) {
    EXPECT_EQ(parseDuration(text), std::nullopt) << text;
  }
}

TEST(ParseQuantity, ReadsDecimalAndBinarySuffixes) {
  EXPECT_EQ(parseQuantity("65536"), 65536);
  EXPECT_EQ(parseQuantity("64Ki"), 65536);
  EXPECT_EQ(parseQuantity("1.5Gi"), 1'610'612'736);
  EXPECT_EQ(parseQuantity("1k"), 1000);
  EXPECT_EQ(parseQuantity("1M"), 1'000'000);
  EXPECT_EQ(parseQuantity("1E"), 1'000'000'000'000'000'000);
  EXPECT_EQ(parseQuantity("2e3"), 2000);
  EXPECT_EQ(parseQuantity("100m"), 1);
}

TEST(ParseQuantity, RefusesWhatIsNone) {
  for (const char* text : {"", "Ki", "1KB", "1K", "-1", "1 Mi", "1e99", "1.2.3", "0x10"}) {
    EXPECT_EQ(parseQuantity(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace gatehouse::resource
