#include "llm/foreign_error.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace gatehouse::llm {
namespace {

bool foreignType(std::string_view type, std::string_view coding = {}) {
  http::ResponseHead head;
  head.status = 502;
  if (!type.empty()) {
    head.fields.add("Content-Type", type);
  }
  if (!coding.empty()) {
    head.fields.add("Content-Encoding", coding);
  }
  return mayBeForeign(head);
}

std::string times(std::size_t count, std::string_view text) {
  std::string all;
  while (count-- > 0) {
    all += text;
  }
  return all;
}

TEST(ForeignError, IsSeenByItsMediaType) {
  for (std::string_view type :
       {"", "text/html", "text/plain; charset=utf-8", "text/json", "json"}) {
    EXPECT_TRUE(foreignType(type)) << type;
  }
  for (std::string_view type :
       {"application/json",
        "Application/JSON ; charset=utf-8",
        "application/problem+json",
        "application/vnd.x+JSON;v=1",
        "text/event-stream"}) {
    EXPECT_FALSE(foreignType(type)) << type;
  }
}

TEST(ForeignError, IsNotLookedForInACodedBody) {
  EXPECT_FALSE(foreignType("text/html", "gzip"));
  EXPECT_TRUE(foreignType("text/html", "identity"));
}

TEST(ForeignError, IsToldFromJsonByItsFirstByte) {
  EXPECT_EQ(foreignText(""), ForeignText::kUnseen);
  EXPECT_EQ(foreignText(" \r\n\t"), ForeignText::kUnseen);
  EXPECT_EQ(foreignText("\xEF\xBB"), ForeignText::kUnseen);
  EXPECT_EQ(foreignText("\n {"), ForeignText::kJson);
  EXPECT_EQ(foreignText("[1"), ForeignText::kJson);
  EXPECT_EQ(foreignText("\xEF\xBB\xBF{"), ForeignText::kJson);
  EXPECT_EQ(foreignText("\xEF\xBB\xBF<html>"), ForeignText::kText);
  EXPECT_EQ(foreignText("\n<html>{}"), ForeignText::kText);
  EXPECT_EQ(foreignText("\xFF"), ForeignText::kText);
}

TEST(ForeignError, IsReadAsFarAsItIsTold) {
  EXPECT_TRUE(wantsMore(""));
  EXPECT_TRUE(wantsMore(times(2047, " ")));
  EXPECT_FALSE(wantsMore(times(2048, " ")));
  EXPECT_FALSE(wantsMore("{"));
  EXPECT_TRUE(wantsMore(times(500, "x")));
  EXPECT_TRUE(wantsMore(times(499, "x") + "\xC3"));
  EXPECT_FALSE(wantsMore(times(503, "x")));
  EXPECT_FALSE(wantsMore(times(499, "x") + "\xC3\xA9xxx"));
  EXPECT_FALSE(wantsMore(times(4096, "\xFF")));
}

TEST(ForeignError, IsToldInWholeCharacters) {
  EXPECT_EQ(foreignMessage("\n <p>no</p> \n"), "<p>no</p>");
  EXPECT_EQ(foreignMessage("\xEF\xBB\xBFno"), "no");
  EXPECT_EQ(foreignMessage(times(600, "x")), times(500, "x"));
  EXPECT_EQ(foreignMessage(times(499, "x") + "\xC3\xA9y"), times(499, "x") + "\xC3\xA9");
  EXPECT_EQ(foreignMessage(times(600, "\xF0\x9F\x98\x80")), times(500, "\xF0\x9F\x98\x80"));
  EXPECT_EQ(foreignMessage(times(600, "\xFF")), times(500, "\xFF"));
}

}  // namespace
}  // namespace gatehouse::llm
