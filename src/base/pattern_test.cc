#include "base/pattern.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace gatehouse {
namespace {

TEST(Pattern, MatchesTheWholeText) {
  auto pattern = Pattern::compile("/v[0-9]+/.*");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->matches("/v1/models"));
  EXPECT_FALSE(pattern->matches("x/v1/models"));
  EXPECT_EQ(pattern->expression(), "/v[0-9]+/.*");
}

TEST(Pattern, SaysWhatIsWrong) {
  auto pattern = Pattern::compile("a(b");
  ASSERT_FALSE(pattern);
  EXPECT_EQ(pattern.error().kind(), ErrorKind::kInvalidConfiguration);
  EXPECT_NE(pattern.error().detail().find("a(b"), std::string::npos) << pattern.error().detail();
  EXPECT_FALSE(Pattern::compile("(?=look)"));
}

TEST(Pattern, CopyOutlivesTheOriginal) {
  auto first = Pattern::compile("ab+");
  ASSERT_TRUE(first);
  Pattern copy = *first;
  first = Pattern::compile("x");
  EXPECT_TRUE(copy.matches("abb"));
}

}  // namespace
}  // namespace gatehouse
