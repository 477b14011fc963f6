#include "wire/yaml_scalar.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "wire/json_write.h"

namespace gatehouse::wire {
namespace {

std::string asJson(std::string_view text) {
  auto value = plainScalar(text);
  return value ? writeJson(*value) : "nothing";
}

TEST(YamlScalar, NullAndBooleans) {
  for (auto text : {"", "~", "null", "Null", "NULL"}) {
    EXPECT_EQ(asJson(text), "null") << text;
  }
  for (auto text : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"}) {
    EXPECT_EQ(asJson(text), "true") << text;
  }
  for (auto text : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"}) {
    EXPECT_EQ(asJson(text), "false") << text;
  }
  for (auto text : {"tRUE", "yeS", "nUll", "oN", "yess"}) {
    EXPECT_EQ(asJson(text), '"' + std::string(text) + '"') << text;
  }
}

TEST(YamlScalar, Integers) {
  const char* cases[][2] = {
      {"0", "0"},
      {"-7", "-7"},
      {"+7", "7"},
      {"1_000", "1000"},
      {"0x1F", "31"},
      {"-0x1f", "-31"},
      {"0o17", "15"},
      {"017", "15"},
      {"0b101", "5"},
      {"08", "8"},
      {"00", "0"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551616", "18446744073709551616"},
      {"0xFFFFFFFFFFFFFFFF", "18446744073709551615"},
  };
  for (auto [text, json] : cases) {
    EXPECT_EQ(asJson(text), json) << text;
  }
  EXPECT_EQ(*plainScalar("0777")->integer(), 511);
}

TEST(YamlScalar, FloatsAreSpeltAsJson) {
  const char* cases[][2] = {
      {"1.50", "1.50"},
      {".5", "0.5"},
      {"-.5", "-0.5"},
      {"+1.", "1.0"},
      {"1e3", "1e3"},
      {"00.1", "0.1"},
      {"1_0.5", "10.5"},
      {"1.e-3", "1.0e-3"},
  };
  for (auto [text, json] : cases) {
    EXPECT_EQ(asJson(text), json) << text;
  }
  for (auto text : {".inf", "-.Inf", "+.INF", ".nan", ".NaN", ".NAN"}) {
    EXPECT_EQ(asJson(text), "nothing") << text;
  }
}

TEST(YamlScalar, EverythingElseIsText) {
  for (auto text :
       {"1.2.3",
        "127.0.0.1",
        "12:30",
        "2024-01-01",
        "1e",
        "0x",
        "0xg",
        "-",
        "+",
        ".",
        "..",
        "1 2",
        "_1",
        "10m",
        "5s",
        "0x10000000000000000",
        "1.5x",
        "e3"}) {
    EXPECT_EQ(asJson(text), '"' + std::string(text) + '"') << text;
  }
}

}  // namespace
}  // namespace gatehouse::wire
