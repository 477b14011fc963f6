#include "wire/json_read.h"

#include <cstddef>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <simdjson.h>

#include "wire/json.h"
#include "wire/json_write.h"

namespace gatehouse::wire {
namespace {

std::string roundTrip(std::string_view text) {
  auto value = readJson(text);
  return value ? writeJson(*value) : "error: " + value.error().text();
}

TEST(JsonRead, KeepsOrderAndNumbersExactly) {
  constexpr std::string_view kText =
      R"({"b":[1,-2,3.50,1e400,123456789012345678901,-0,0.1],"a":{"x":null,"y":true,"z":"s"}})";
  EXPECT_EQ(roundTrip(kText), kText);
  auto value = readJson("[9223372036854775807, 9223372036854775808]");
  ASSERT_TRUE(value);
  EXPECT_EQ(*(*value->array())[0].integer(), 9223372036854775807);
  EXPECT_EQ((*value->array())[1].number()->text, "9223372036854775808");
}

TEST(JsonRead, ScalarsAlone) {
  EXPECT_EQ(roundTrip(" 12 "), "12");
  EXPECT_EQ(roundTrip("\"a\""), "\"a\"");
  EXPECT_EQ(roundTrip("null\n"), "null");
  EXPECT_EQ(roundTrip("false"), "false");
}

TEST(JsonRead, UnescapesStringsAndKeys) {
  auto value = readJson(R"({"mod\u0065l":"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00"})");
  ASSERT_TRUE(value);
  ASSERT_NE(value->find("model"), nullptr);
  EXPECT_EQ(*value->find("model")->string(), "\"\\/\b\f\n\r\t\xC3\xA4\xF0\x9F\x98\x80");
}

TEST(JsonRead, LoneSurrogatesBecomeReplacementCharacters) {
  auto value = readJson(R"(["\ud83d","\ude00x","\ud83d\u0041"])");
  ASSERT_TRUE(value);
  const Array& items = *value->array();
  EXPECT_EQ(*items[0].string(), "\xEF\xBF\xBD");
  EXPECT_EQ(*items[1].string(), "\xEF\xBF\xBDx");
  EXPECT_EQ(
      *items[2].string(),
      "\xEF\xBF\xBD"
      "A"
  );
}

TEST(JsonRead, KnowsPositions) {
  auto value = readJson("{\n  \"a\": [1,\r\n 22],\r\"b\" : {}\n}");
  ASSERT_TRUE(value) << value.error().text();
  EXPECT_EQ(value->position, (Position{1, 1}));
  const Object& members = *value->object();
  EXPECT_EQ(members[0].key_position, (Position{2, 3}));
  EXPECT_EQ(members[0].value.position, (Position{2, 8}));
  EXPECT_EQ((*members[0].value.array())[1].position, (Position{3, 2}));
  EXPECT_EQ(members[1].key_position, (Position{4, 1}));
  EXPECT_EQ(members[1].value.position, (Position{4, 7}));
}

TEST(JsonRead, DuplicateKeysByChoice) {
  EXPECT_EQ(
      roundTrip("{\"a\":1,\n \"\\u0061\":2}"),
      "error: line 2, column 2 (byte 9): duplicate key \"a\""
  );
  auto kept = readJson(R"({"a":1,"a":2})", {.duplicate_keys = DuplicateKeys::kKeepAll});
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->object()->size(), 2u);
}

TEST(JsonRead, LimitsDepthAndSize) {
  JsonReadOptions options{.max_bytes = 100, .max_depth = 3};
  EXPECT_TRUE(readJson("[[[1]]]", options));
  auto deep = readJson("[[[[1]]]]", options);
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().offset, 3u);
  EXPECT_FALSE(readJson(std::string(101, ' '), options));
  EXPECT_FALSE(readJson(std::string(5000, '[') + std::string(5000, ']')));
}

TEST(JsonRead, SimdjsonIsBuiltForThisCpu) {
  // What our code is compiled with; the library itself chooses at run time.
  EXPECT_STRNE(SIMDJSON_STRINGIFY(SIMDJSON_BUILTIN_IMPLEMENTATION), "fallback");
}

struct Fault {
  const char* text;
  std::size_t offset;
  const char* message;
};

class JsonReadFault : public testing::TestWithParam<Fault> {};

TEST_P(JsonReadFault, NamesThePlace) {
  auto value = readJson(GetParam().text);
  ASSERT_FALSE(value) << GetParam().text;
  EXPECT_EQ(value.error().offset, GetParam().offset) << GetParam().text;
  EXPECT_EQ(value.error().message, GetParam().message) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    JsonReadFault,
    testing::Values(
        Fault{"", 0, "expected a value, found the end"},
        Fault{"  ", 2, "expected a value, found the end"},
        Fault{"{} x", 3, "expected nothing more, found 'x'"},
        Fault{"{}{}", 2, "expected nothing more, found '{'"},
        Fault{"1 2", 2, "expected nothing more, found '2'"},
        Fault{"[1 2]", 3, "expected ',' or ']', found '2'"},
        Fault{"[1,]", 3, "expected a value, found ']'"},
        Fault{"[1", 2, "expected ',' or ']', found the end"},
        Fault{"{\"a\":1,}", 7, "expected a key in double quotes, found '}'"},
        Fault{"{a:1}", 1, "expected a key in double quotes, found 'a'"},
        Fault{"{\"a\" 1}", 5, "expected ':' after the key, found '1'"},
        Fault{"{\"a\"x:1}", 4, "expected ':' after the key, found 'x'"},
        Fault{"{\"a\":1]", 6, "expected ',' or '}', found ']'"},
        Fault{"[01]", 2, "a number must not begin with 0"},
        Fault{"[1.]", 3, "expected a digit after the decimal point, found ']'"},
        Fault{"[1e+]", 4, "expected a digit in the exponent, found ']'"},
        Fault{"[-]", 2, "expected a digit, found ']'"},
        Fault{"[+1]", 1, "expected a value, found '+'"},
        Fault{"[.5]", 1, "expected a value, found '.'"},
        Fault{"[1x]", 2, "expected ',' or ']', found 'x'"},
        Fault{"[tru]", 1, "expected true, found 't'"},
        Fault{"[truex]", 5, "expected ',' or ']', found 'x'"},
        Fault{"[NaN]", 1, "expected a value, found 'N'"},
        Fault{"['a']", 1, "expected a value, found '''"},
        Fault{"[\"a]", 1, "a string without its closing quote"},
        Fault{"[\"a\nb\"]", 3, "control character '\\n' in a string: it must be escaped"},
        Fault{"[\"\\x\"]", 3, "unknown escape \\x in a string"},
        Fault{"[\"\\u12g4\"]", 3, "\\u needs four hexadecimal digits, found '12g4'"},
        Fault{"[\"\\u12\"]", 3, "\\u needs four hexadecimal digits, found '12\"]'"},
        Fault{"[\"\xC3\"]", 2, "not UTF-8"},
        Fault{"\xEF\xBB\xBF[]", 0, "expected a value, found '\\xef'"},
        Fault{"// c\n{}", 0, "expected a value, found '/'"}
    )
);

}  // namespace
}  // namespace gatehouse::wire
