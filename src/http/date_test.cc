#include "http/date.h"

#include <string_view>

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

std::string_view textOf(const std::array<char, kDateSize>& date) {
  return {date.data(), date.size()};
}

TEST(Date, IsAnImfFixdate) {
  EXPECT_EQ(textOf(formatDate(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(textOf(formatDate(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(textOf(formatDate(1709164800)), "Thu, 29 Feb 2024 00:00:00 GMT");
  EXPECT_EQ(textOf(formatDate(253402300799)), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(Date, ChangesWithTheSecond) {
  DateText text;
  EXPECT_EQ(text.at(WallMicros{784111777'000000}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text.at(WallMicros{784111777'999999}), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(text.at(WallMicros{784111778'000000}), "Sun, 06 Nov 1994 08:49:38 GMT");
}

}  // namespace
}  // namespace gatehouse::http
