#include "http/field_name.h"

#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "http/fields.h"

namespace gatehouse::http {
namespace {

TEST(FieldName, EveryKnownNameIsFoundInAnyCase) {
  std::set<FieldId> seen;
  for (std::string_view name : kKnownFields) {
    EXPECT_EQ(name, fold(name)) << "stands in lower case";
    std::string capitals(name);
    for (char& c : capitals) {
      c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
    }
    FieldId id = fieldIdOf(name);
    EXPECT_NE(id, kUnknownField) << name;
    EXPECT_EQ(fieldIdOf(capitals), id) << capitals;
    EXPECT_TRUE(seen.insert(id).second) << name;
  }
}

TEST(FieldName, ALiteralHasTheNumberOfItsText) {
  constexpr FieldName kLiteral("Content-Type");
  std::string text = "content-type";
  EXPECT_EQ(kLiteral.id(), FieldName(text).id());
  EXPECT_EQ(kLiteral.text(), "Content-Type");
}

TEST(FieldName, NearlyAKnownNameIsUnknown) {
  for (std::string_view name : {"", "content-typ", "content_type", "hosts", "xost", "\xe8ost"}) {
    EXPECT_EQ(fieldIdOf(name), kUnknownField) << name;
  }
}

TEST(FieldSet, HoldsWhatItWasGiven) {
  constexpr FieldSet kSet = {"host", "Expect"};
  EXPECT_TRUE(kSet.has(fieldIdOf("EXPECT")));
  EXPECT_FALSE(kSet.has(fieldIdOf("date")));
  EXPECT_FALSE(kSet.has(kUnknownField));
}

TEST(Fields, UnknownNamesAreToldApartByTheirText) {
  Fields fields;
  fields.add("x-one", "1");
  fields.add("X-Two", "2");
  EXPECT_EQ(fields.get("x-two"), "2");
  EXPECT_FALSE(fields.has("x-three"));
  fields.remove("X-ONE");
  EXPECT_FALSE(fields.has("x-one"));
  EXPECT_TRUE(fields.has("x-two"));
}

TEST(Fields, WhatIsRemovedIsNotThereAnyMore) {
  Fields fields;
  fields.add("Cookie", "a");
  fields.add("sec-fetch-mode", "cors");
  fields.add("Sec-Fetch-Site", "none");
  fields.add("Origin", "b");
  static constexpr std::array<std::string_view, 1> kPrefixes = {"sec-fetch-"};
  fields.removeAll(FieldFilter({}, kPrefixes));
  fields.removeAll({"cookie", "date"});
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_FALSE(fields.has("cookie"));
  EXPECT_EQ(fields.get("origin"), "b");
}

}  // namespace
}  // namespace gatehouse::http
