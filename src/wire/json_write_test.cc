#include "wire/json_write.h"

#include <string>

#include <gtest/gtest.h>

#include "wire/json.h"

namespace gatehouse::wire {
namespace {

TEST(JsonWrite, EscapesWhatMustBeEscaped) {
  std::string out;
  appendJsonString(out, std::string_view("a\"\\\n\x01\0\xC3\xA4\xFF\x7F", 10));
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u0001\\u0000\xC3\xA4\xEF\xBF\xBD\\u007f\"");
}

TEST(JsonWrite, PrettyIndentsByTwo) {
  Value value(Object{{"a", Array{1, true}, {}}, {"e", Array{}, {}}, {"o", Object{}, {}}});
  EXPECT_EQ(
      writeJson(value, JsonStyle::kPretty),
      "{\n  \"a\": [\n    1,\n    true\n  ],\n  \"e\": [],\n  \"o\": {}\n}"
  );
  EXPECT_EQ(writeJson(value), R"({"a":[1,true],"e":[],"o":{}})");
}

TEST(JsonWriter, KeepsTheCommas) {
  std::string out = "x=";
  JsonWriter writer(out);
  writer.beginObject().key("a").number(-1).key("b").beginArray().endArray();
  writer.key("c").beginArray().string("s").null().boolean(false).beginObject().endObject();
  writer.raw("1.5").value(Value(Array{2})).number(7u).endArray().endObject();
  EXPECT_EQ(out, R"(x={"a":-1,"b":[],"c":["s",null,false,{},1.5,[2],7]})");
}

}  // namespace
}  // namespace gatehouse::wire
