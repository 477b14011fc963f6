#include "telemetry/line_buffer.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include <gtest/gtest.h>

namespace gatehouse::telemetry {
namespace {

std::string fieldOf(LogFormat format, std::string_view value) {
  LineBuffer line(format);
  line.clear();
  line.text(LineKey(format, "k"), value);
  return std::string(line.finish());
}

TEST(LineBuffer, WritesBothForms) {
  for (bool again : {false, true}) {
    LineBuffer text(LogFormat::kText);
    text.clear();
    text.text(LineKey(LogFormat::kText, "a"), "x");
    text.begin(LineKey(LogFormat::kText, "n"));
    text.digits(7);
    EXPECT_EQ(text.finish(), "a=x n=7\n") << again;
  }
  LineBuffer json(LogFormat::kJson);
  for (bool again : {false, true}) {
    json.clear();
    json.text(LineKey(LogFormat::kJson, "a"), "x");
    json.begin(LineKey(LogFormat::kJson, "n"));
    json.digits(-7);
    EXPECT_EQ(json.finish(), "{\"a\":\"x\",\"n\":-7}\n") << again;
  }
}

TEST(LineBuffer, WordsNeedNoLook) {
  LineBuffer text(LogFormat::kText);
  text.clear();
  text.word(LineKey(LogFormat::kText, "a"), "x");
  text.word(LineKey(LogFormat::kText, "b"), "y");
  EXPECT_EQ(text.finish(), "a=x b=y\n");
  LineBuffer json(LogFormat::kJson);
  json.clear();
  json.word(LineKey(LogFormat::kJson, "a"), "x");
  json.word(LineKey(LogFormat::kJson, std::string(LineKey::kLongest, 'k')), "y");
  EXPECT_EQ(json.finish(), "{\"a\":\"x\",\"" + std::string(LineKey::kLongest, 'k') + "\":\"y\"}\n");
}

TEST(LineBuffer, AFieldCanBeWrittenAgain) {
  const std::string_view value = "x";
  ReadyField ready;
  LineBuffer line(LogFormat::kJson);
  line.clear();
  line.word(LineKey(LogFormat::kJson, "a"), value);
  ready.keep(value.data(), value.size(), line.since(0));
  ASSERT_TRUE(ready.isOf(value.data(), value.size()));
  EXPECT_FALSE(ready.isOf(value.data(), 0));
  line.clear();
  line.field(ready);
  line.field(ready);
  EXPECT_EQ(line.finish(), "{\"a\":\"x\",\"a\":\"x\"}\n");

  const std::string longer(ReadyField::kSize, 'x');
  line.clear();
  line.word(LineKey(LogFormat::kJson, "a"), longer);
  ready.keep(longer.data(), longer.size(), line.since(0));
  EXPECT_FALSE(ready.isOf(longer.data(), longer.size()));
  EXPECT_FALSE(ready.isOf(value.data(), value.size()));
}

TEST(LineBuffer, WholeNumbersOfAnySize) {
  LineBuffer line(LogFormat::kText);
  for (std::int64_t number :
       {std::int64_t{0},
        std::int64_t{9},
        std::int64_t{10},
        std::int64_t{99},
        std::int64_t{100},
        std::int64_t{999},
        std::int64_t{1000},
        std::int64_t{9999},
        std::int64_t{10000},
        std::int64_t{-1},
        std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    line.clear();
    line.begin(LineKey(LogFormat::kText, "n"));
    line.digits(number);
    EXPECT_EQ(line.finish(), "n=" + std::to_string(number) + "\n");
  }
}

// The same as the program's own log, whatever stands at whatever place.
TEST(LineBuffer, ValuesAreEscapedAsInTheProgramsLog) {
  for (LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    for (std::string_view special :
         {"", " ", "=", "\"", "\\", "\n", "\x1b", "\x7f", "\xc3\xa9", "\xff"}) {
      for (std::size_t before = 0; before < 70; ++before) {
        const std::string value = std::string(before, 'x') + std::string(special) + "y";
        std::string expected;
        LogLine(format, expected).add("k", value).end();
        EXPECT_EQ(fieldOf(format, value), expected);
      }
    }
    std::string expected;
    LogLine(format, expected).add("k", "").end();
    EXPECT_EQ(fieldOf(format, ""), expected);
  }
}

TEST(LineBuffer, GrowsWithWhatIsWritten) {
  LineBuffer line(LogFormat::kJson);
  line.clear();
  std::string expected = "{";
  for (int i = 0; i < 20; ++i) {
    const std::string value(1000, static_cast<char>('a' + i));
    line.text(LineKey(LogFormat::kJson, "key"), value);
    expected += (i == 0 ? "\"key\":\"" : ",\"key\":\"") + value + "\"";
  }
  line.text(LineKey(LogFormat::kJson, "last"), std::string(5000, '\n'));
  expected += ",\"last\":\"";
  for (int i = 0; i < 5000; ++i) {
    expected += "\\n";
  }
  EXPECT_EQ(line.finish(), expected + "\"}\n");
}

TEST(LineBuffer, DecimalsAreExactAndShort) {
  auto text =
      []<std::size_t Places>(std::integral_constant<std::size_t, Places>, std::int64_t value) {
        LineBuffer line(LogFormat::kText);
        line.clear();
        line.begin(LineKey(LogFormat::kText, "d"));
        line.decimal<Places>(value);
        const std::string all(line.finish());
        return all.substr(2, all.size() - 3);
      };
  constexpr std::integral_constant<std::size_t, 6> kMicro;
  constexpr std::integral_constant<std::size_t, 9> kNano;
  EXPECT_EQ(text(kMicro, 0), "0");
  EXPECT_EQ(text(kMicro, 412'000), "0.412");
  EXPECT_EQ(text(kMicro, 1), "0.000001");
  EXPECT_EQ(text(kMicro, 12'000'000), "12");
  EXPECT_EQ(text(kNano, -1'500'000'000), "-1.5");
  EXPECT_EQ(text(kNano, INT64_MIN), "-9223372036.854775808");
}

TEST(LineBuffer, DoublesAreWrittenAsByToChars) {
  auto expectSame = [](double value) {
    LineBuffer line(LogFormat::kText);
    line.clear();
    line.begin(LineKey(LogFormat::kText, "d"));
    line.digits(value);
    std::array<char, 32> expected{};
    char* const end = std::to_chars(expected.begin(), expected.end(), value).ptr;
    EXPECT_EQ(line.finish(), "d=" + std::string(expected.data(), end) + "\n");
  };
  for (int thousandths = -20; thousandths < 11'000'000;
       thousandths += thousandths < 3000 ? 1 : 997) {
    const double value = thousandths / 1000.0;
    expectSame(value);
    expectSame(std::nextafter(value, 0.0));
    expectSame(std::nextafter(value, 1e9));
  }
  for (double value : {-0.0, 0.1 + 0.2, 1.0 / 3, 0.0001, 10'000.0, 100'000.0, 1e21, -0.7, 1e300}) {
    expectSame(value);
  }
  expectSame(std::numeric_limits<double>::infinity());
  expectSame(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace
}  // namespace gatehouse::telemetry
