#include "wire/percent.h"

#include <optional>

#include <gtest/gtest.h>

namespace gatehouse::wire {
namespace {

TEST(Percent, Decodes) {
  EXPECT_EQ(decodePercent("a%2Fb%c3%A4+"), "a/b\xC3\xA4+");
  EXPECT_EQ(decodeQueryPart("a+b%2B"), "a b+");
  for (auto text : {"%", "%2", "%zz", "%2g", "a%"}) {
    EXPECT_EQ(decodePercent(text), std::nullopt) << text;
  }
}

TEST(Percent, EncodesAllButUnreserved) {
  EXPECT_EQ(encodePercent("aZ0-._~/ \xC3\xA4%"), "aZ0-._~%2F%20%C3%A4%25");
  EXPECT_EQ(encodePath("/v1/a b"), "/v1/a%20b");
}

}  // namespace
}  // namespace gatehouse::wire
