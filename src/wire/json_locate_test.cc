#include "wire/json_locate.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/padded_view.h"

namespace gatehouse::wire {
namespace {

constexpr std::array<std::string_view, 4> kKeys{"model", "stream", "stream_options", "max_tokens"};
enum KeyIndex : std::size_t { kModel, kStream, kStreamOptions, kMaxTokens };

std::string errorOf(std::string_view body) {
  PaddedCopy copy(body);
  auto map = locateJson(copy.view(), JsonKeys(kKeys));
  return map ? "valid" : map.error().text();
}

TEST(JsonLocate, FindsMembersWherever) {
  constexpr std::string_view kBody =
      R"( {"messages":[{"role":"user","content":"a \"model\": {"}], "stream" : true ,)"
      R"("max_tokens":100,"model":  "gpt-4o","stream_options":{"a":[1],"include_usage":true}} )";
  PaddedCopy copy(kBody);
  auto map = locateJson(copy.view(), JsonKeys(kKeys));
  ASSERT_TRUE(map) << map.error().text();
  const auto& model = map->members[kModel];
  ASSERT_TRUE(model);
  EXPECT_EQ(kBody.substr(model->begin, model->end - model->begin), "\"gpt-4o\"");
  EXPECT_TRUE(kBody.substr(model->key_begin).starts_with("\"model\":  \"gpt"));
  EXPECT_EQ(jsonString(copy.view(), *model), "gpt-4o");
  EXPECT_EQ(jsonBoolean(copy.view(), *map->members[kStream]), true);
  EXPECT_EQ(jsonInteger(copy.view(), *map->members[kMaxTokens]), 100);
  EXPECT_EQ(map->member_count, 5u);
  EXPECT_EQ(map->begin, 1u);
  EXPECT_EQ(map->end, kBody.size() - 1);
  EXPECT_EQ(map->last_value_end, kBody.size() - 2);

  constexpr std::array<std::string_view, 1> kInner{"include_usage"};
  auto inner = locateJsonIn(copy.view(), *map->members[kStreamOptions], JsonKeys(kInner));
  ASSERT_TRUE(inner);
  EXPECT_EQ(jsonBoolean(copy.view(), *inner->members[0]), true);
  EXPECT_EQ(kBody[inner->begin], '{');
  EXPECT_EQ(kBody.substr(inner->members[0]->key_begin, 4), "\"inc");
}

TEST(JsonLocate, EscapedKeysAreTheSameKeys) {
  PaddedCopy copy(R"({"mod\u0065l":"x"})");
  auto map = locateJson(copy.view(), JsonKeys(kKeys));
  ASSERT_TRUE(map);
  EXPECT_EQ(jsonString(copy.view(), map->members[kModel].value()), "x");
}

TEST(JsonLocate, RefusesDuplicatesOfAskedKeysOnly) {
  EXPECT_EQ(
      errorOf(R"({"model":"a","model":"b"})"),
      "line 1, column 14 (byte 13): duplicate key \"model\""
  );
  EXPECT_EQ(
      errorOf("{\"model\":\"a\",\n\"\\u006dodel\":\"b\"}"),
      "line 2, column 1 (byte 14): duplicate key \"model\""
  );
  EXPECT_EQ(errorOf(R"({"other":"a","other":"b","x":{"model":1,"model":2}})"), "valid");
}

TEST(JsonLocate, OnlyOneObject) {
  EXPECT_EQ(errorOf(""), "line 1, column 1 (byte 0): expected a JSON object, found nothing");
  EXPECT_EQ(errorOf(" [1]"), "line 1, column 2 (byte 1): expected a JSON object");
  EXPECT_EQ(errorOf("hello"), "line 1, column 1 (byte 0): expected a value, found 'h'");
  EXPECT_EQ(errorOf("{}x"), "line 1, column 3 (byte 2): expected nothing more, found 'x'");
  EXPECT_EQ(errorOf("{\"a\":\"\xFF\"}"), "line 1, column 7 (byte 6): byte 0xff is not UTF-8");
  EXPECT_EQ(errorOf("{ }"), "valid");
}

TEST(JsonLocate, ScalarsOfOtherTypesAreNothing) {
  PaddedCopy copy(R"({"model":1.5,"stream":"true","max_tokens":99999999999999999999})");
  auto map = locateJson(copy.view(), JsonKeys(kKeys));
  ASSERT_TRUE(map);
  EXPECT_EQ(jsonString(copy.view(), *map->members[kModel]), std::nullopt);
  EXPECT_EQ(jsonInteger(copy.view(), *map->members[kModel]), std::nullopt);
  EXPECT_EQ(jsonBoolean(copy.view(), *map->members[kStream]), std::nullopt);
  EXPECT_EQ(jsonInteger(copy.view(), *map->members[kMaxTokens]), std::nullopt);
  PaddedCopy lone(R"({"model":"gpt\ud800"})");
  auto lone_map = locateJson(lone.view(), JsonKeys(kKeys));
  ASSERT_TRUE(lone_map);
  EXPECT_EQ(jsonString(lone.view(), *lone_map->members[kModel]), std::nullopt);
}

TEST(JsonLocate, DepthIsBounded) {
  auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(errorOf(nested(1024)), "valid");
  EXPECT_EQ(
      errorOf(nested(1025)), "line 1, column 1030 (byte 1029): nested deeper than 1024 levels"
  );
}

/// Strings are read in blocks: what is found must not depend on where a block ends.
TEST(JsonLocate, BlockBordersChangeNothing) {
  for (std::size_t shift = 0; shift < 140; ++shift) {
    std::string pad(shift, 'x');
    EXPECT_EQ(errorOf("{\"a\":\"" + pad + "\\\\\\\"\\u00e4\\n\",\"model\":\"m\"}"), "valid")
        << shift;
    std::string even = "{\"a\":\"" + pad + "\\\\\\\\\",\"b\":1}";
    EXPECT_EQ(errorOf(even), "valid") << shift;
    std::string place = "(byte " + std::to_string(shift + 7) + ")";
    for (std::string bad : {"\\q", "\\u12x4", "\\u123", "\\u", "\\uD8\""}) {
      std::string error = errorOf("{\"a\":\"" + pad + bad + "\"}");
      EXPECT_NE(error.find(place), std::string::npos) << shift << ' ' << bad << ' ' << error;
    }
    std::string control = errorOf("{\"a\":\"" + pad + "\x1F\"}");
    EXPECT_NE(control.find("control character"), std::string::npos) << control;
    std::string open = errorOf("{\"a\":\"" + pad);
    EXPECT_NE(open.find("(byte 5): a string without"), std::string::npos) << open;
    std::string spaces(shift, ' ');
    EXPECT_EQ(
        errorOf(spaces + "{" + spaces + "\"a\"" + spaces + ":1" + spaces + "}" + spaces), "valid"
    );
  }
}

TEST(JsonLocate, PaddingIsNeverRead) {
  // What lies behind the end would complete each text, were it looked at.
  for (std::string_view text : {"{\"a\":tru", "{\"a\":1", "{\"a\":\"x", "{\"a", "{\"a\":\"\\u12"}) {
    std::string bytes(text);
    bytes += "e\"}1234";
    bytes.resize(text.size() + PaddedView::kPadding, '}');
    EXPECT_FALSE(locateJson(PaddedView(bytes.data(), text.size(), bytes.size()), JsonKeys(kKeys)))
        << text;
  }
}

TEST(PickMembers, TakesTheFirstOfTheKeysAndLeavesTheRestEmpty) {
  constexpr std::array<std::string_view, 3> kNames{"a", "b", "c"};
  std::array<std::string_view, 3> values;
  PaddedCopy text(R"( {"x":{"a":9},"\u0061": [1, 2] ,"b":"}","a":3} )");
  ASSERT_TRUE(pickMembers(text.view(), JsonKeys(kNames), values));
  EXPECT_EQ(values[0], "[1, 2]");
  EXPECT_EQ(values[1], "\"}\"");
  EXPECT_EQ(values[2], "");
}

TEST(PickMembers, RefusesWhatIsNotOneObject) {
  constexpr std::array<std::string_view, 1> kNames{"a"};
  for (std::string_view text :
       {"", "[1]", "3", R"({"a":1)", R"({"a":1}x)", R"({"a":01})", "{\"a\":\"\xFF\"}"}) {
    std::array<std::string_view, 1> values;
    EXPECT_FALSE(pickMembers(PaddedCopy(text).view(), JsonKeys(kNames), values)) << text;
  }
}

TEST(JsonKeys, TellsKeysOfOneLengthApartAndKnowsNoOthers) {
  static constexpr std::array<std::string_view, 4> kNames{"stop", "seed", "n", "temperature"};
  constexpr JsonKeys keys(kNames);
  auto found = [&](std::string_view written) {
    PaddedCopy copy(written);
    return keys.find(copy.view().text());
  };
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    EXPECT_EQ(found(kNames[i]), i);
  }
  for (std::string_view other : {"", "stob", "m", "temperatures", "\\u0061", "bad\\"}) {
    EXPECT_EQ(found(other), JsonKeys::kNone) << other;
  }
  EXPECT_EQ(found(std::string(100, 's')), JsonKeys::kNone);
  EXPECT_EQ(found("s\\u0065ed"), 1U);
  EXPECT_EQ(found("\\u0074\\u0065\\u006dp\\u0065ratur\\u0065"), 3U);
}

}  // namespace
}  // namespace gatehouse::wire
