#include "http/fields.h"

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

Fields sample() {
  Fields fields;
  fields.add("Accept", "a");
  fields.add("X-One", "1");
  fields.add("accept", "b");
  return fields;
}

TEST(Fields, KeepOrderSpellingAndDuplicates) {
  Fields fields = sample();
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields.at(0).name, "Accept");
  EXPECT_EQ(fields.at(2).name, "accept");
  EXPECT_EQ(fields.at(2).value, "b");
}

TEST(Fields, CompareNamesWithoutCase) {
  Fields fields = sample();
  EXPECT_EQ(fields.get("ACCEPT"), "a");
  EXPECT_EQ(fields.count("accept"), 2U);
  EXPECT_EQ(fields.joined("Accept"), "a, b");
  EXPECT_TRUE(fields.has("x-one"));
  EXPECT_FALSE(fields.get("x-two").has_value());
  EXPECT_EQ(fields.joined("x-two"), "");
}

TEST(Fields, SetReplacesAll) {
  Fields fields = sample();
  fields.set("ACCEPT", "c");
  EXPECT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields.at(1).value, "c");
  EXPECT_EQ(fields.remove("accept"), 1U);
  EXPECT_EQ(fields.remove("accept"), 0U);
}

TEST(Fields, TakeViewsOfThemselves) {
  Fields fields;
  fields.add("Name", "value long enough to leave the small string buffer behind");
  for (int i = 0; i < 20; ++i) {
    fields.add(fields.at(0).name, fields.at(0).value);
  }
  EXPECT_EQ(fields.count("Name"), 21U);
  EXPECT_EQ(fields.at(20).value, fields.at(0).value);
}

TEST(Fields, JoinEmptyValues) {
  Fields fields;
  fields.add("X", "");
  fields.add("X", "a");
  EXPECT_EQ(fields.joined("X"), ", a");
}

std::string written(const Fields& fields, FieldSet left_out) {
  std::string text(fields.writtenAtMost(), '\0');
  text.resize(static_cast<std::size_t>(fields.write(text.data(), left_out) - text.data()));
  return text;
}

TEST(Fields, AreWrittenInOrderHoweverTheyCame) {
  Fields fields;
  Fields::Receiver received(fields, "A: 1\r\nB:2 \r\nDate: 3\r\nC: 4\r\n\r\n", 5);
  std::string_view copy = received.text();
  for (std::string_view name : {"A", "B", "Date", "C"}) {
    std::size_t at = copy.find(std::string(name) + ":");
    std::size_t digit = copy.find_first_of("1234", at);
    bool as_written = name != "B";
    received.add(copy.substr(at, name.size()), fieldIdOf(name), copy.substr(digit, 1), as_written);
  }
  received.finish();
  EXPECT_EQ(written(fields, {}), "A: 1\r\nB: 2\r\nDate: 3\r\nC: 4\r\n");
  fields.add("D", "");
  fields.set("a", "5");
  EXPECT_EQ(written(fields, {"date"}), "B: 2\r\nC: 4\r\nD: \r\na: 5\r\n");
  fields.clear();
  EXPECT_EQ(written(fields, {}), "");
}

TEST(Fields, PrefixesAreRemovedInAnyCase) {
  Fields fields = sample();
  fields.add("Sec-Fetch-Mode", "cors");
  fields.add("X-Forwarded-For", "a");
  static constexpr std::array<std::string_view, 2> kPrefixes = {"sec-fetch-", "x-forwarded-"};
  fields.removeAll(FieldFilter({"accept"}, kPrefixes));
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(fields.at(0).name, "X-One");
  EXPECT_FALSE(fields.has("x-forwarded-for"));
}

TEST(Fields, WhatIsMovedFromIsEmpty) {
  Fields fields = sample();
  Fields moved = std::move(fields);
  EXPECT_TRUE(moved.has("accept"));
  // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): what it says of itself
  EXPECT_FALSE(fields.has("accept"));
  EXPECT_EQ(fields.get("accept"), std::nullopt);
}

TEST(Fields, HopByHopGoesWithAllItNames) {
  Fields fields;
  fields.add("Connection", "keep-alive, X-Mine ,");
  fields.add("connection", "TE");
  fields.add("x-mine", "1");
  fields.add("X-Mind", "3");
  fields.add("Keep-Alive", "5");
  fields.add("TE", "trailers");
  fields.add("Transfer-Encoding", "chunked");
  fields.add("Upgrade", "h2c");
  fields.add("Proxy-Authorization", "x");
  fields.add("Trailer", "x");
  fields.add("X-Theirs", "2");
  fields.add("Date", "4");
  removeHopByHop(fields, FieldSet({"date"}));
  ASSERT_EQ(fields.size(), 2U);
  EXPECT_EQ(fields.at(0).name, "X-Mind");
  EXPECT_EQ(fields.at(1).name, "X-Theirs");
}

}  // namespace
}  // namespace gatehouse::http
