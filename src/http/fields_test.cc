#include "http/fields.h"

#include <string>

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
  EXPECT_EQ(fields.octets(), 6U + 1 + 5 + 1 + 6 + 1);
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

TEST(Fields, HopByHopGoesWithAllItNames) {
  Fields fields;
  fields.add("Connection", "keep-alive, X-Mine ,");
  fields.add("connection", "TE");
  fields.add("x-mine", "1");
  fields.add("Keep-Alive", "5");
  fields.add("TE", "trailers");
  fields.add("Transfer-Encoding", "chunked");
  fields.add("Upgrade", "h2c");
  fields.add("Proxy-Authorization", "x");
  fields.add("Trailer", "x");
  fields.add("X-Theirs", "2");
  removeHopByHop(fields);
  ASSERT_EQ(fields.size(), 1U);
  EXPECT_EQ(fields.at(0).name, "X-Theirs");
}

}  // namespace
}  // namespace gatehouse::http
