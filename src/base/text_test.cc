#include "base/text.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

using namespace std::string_view_literals;

TEST(Text, FoldsAsciiOnly) {
  EXPECT_EQ(fold("Content-TYPE \xC3\x84"), "content-type \xC3\x84");
  EXPECT_TRUE(iequals("Keep-Alive", "keep-alive"));
  EXPECT_FALSE(iequals("keep-alive", "keep-aliv"));
  EXPECT_FALSE(iequals("@", "`"));
  EXPECT_TRUE(istartsWith("Bearer abc", "bearer "));
  EXPECT_FALSE(istartsWith("Bear", "bearer"));
}

TEST(Text, FoldsAtEveryPlaceOfEveryLength) {
  for (std::size_t size = 0; size < 20; ++size) {
    for (int c = 0; c < 256; ++c) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string text(size, 'Q');
        text[at] = static_cast<char>(c);
        std::string expected(size, 'q');
        expected[at] = foldChar(static_cast<char>(c));
        ASSERT_EQ(fold(text), expected) << c << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Text, TrimsBothEnds) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \t "), "");
}

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (std::vector{"a"sv, ""sv, "b"sv}));
  EXPECT_EQ(split("", ','), std::vector{""sv});
  EXPECT_EQ(split(",", ','), (std::vector{""sv, ""sv}));
  EXPECT_EQ(splitOnce("a=b=c", '='), std::pair("a"sv, "b=c"sv));
  EXPECT_EQ(splitOnce("abc", '='), std::nullopt);
}

TEST(Text, UnsignedNumbersAreStrict) {
  EXPECT_EQ(parseUnsigned("0"), 0u);
  EXPECT_EQ(parseUnsigned("007"), 7u);
  EXPECT_EQ(parseUnsigned("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (auto text : {"", "+3", "-1", " 1", "1 ", "0x10", "18446744073709551616", "1e3"}) {
    EXPECT_EQ(parseUnsigned(text), std::nullopt) << text;
  }
  EXPECT_EQ(parseUnsigned("65535", 65535), 65535u);
  EXPECT_EQ(parseUnsigned("65536", 65535), std::nullopt);
  EXPECT_EQ(parseUnsigned("7", 5), std::nullopt);
}

TEST(Text, HexNumbers) {
  EXPECT_EQ(parseHex("fF"), 255u);
  EXPECT_EQ(parseHex("ffffffffffffffff"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parseHex("10000000000000000"), std::nullopt);
  EXPECT_EQ(parseHex("0x1"), std::nullopt);
  EXPECT_EQ(parseHex(""), std::nullopt);
}

TEST(Text, ValidUtf8PrefixStopsAtTheFirstBadByte) {
  EXPECT_EQ(validUtf8Prefix("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), 10u);
  EXPECT_EQ(validUtf8Prefix("ab\xC0\x80"), 2u);          // overlong
  EXPECT_EQ(validUtf8Prefix("ab\xED\xA0\x80"), 2u);      // surrogate
  EXPECT_EQ(validUtf8Prefix("ab\xF4\x90\x80\x80"), 2u);  // past U+10FFFF
  EXPECT_EQ(validUtf8Prefix("ab\xE2\x82"), 2u);          // cut off
  EXPECT_EQ(validUtf8Prefix("ab\x80"), 2u);
}

TEST(Text, PrintableShowsControlCharactersAndBadBytes) {
  EXPECT_EQ(printable("a\nb\x1b[0m\xFF\xC3\xA4"), "a\\nb\\x1b[0m\\xff\xC3\xA4");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(Text, CrockfordOrdersAsNumbersDo) {
  EXPECT_EQ(crockford(0), "0000000000000");
  EXPECT_EQ(crockford(31), "000000000000Z");
  EXPECT_EQ(crockford(32), "0000000000010");
  EXPECT_EQ(crockford(std::numeric_limits<std::uint64_t>::max()), "FZZZZZZZZZZZZ");
  EXPECT_LT(crockford(999), crockford(1000));
}

TEST(Text, NearestNameFindsSlipsOnly) {
  constexpr std::array kNames{"parentRefs"sv, "hostnames"sv, "rules"sv};
  EXPECT_EQ(nearestName("hostname", kNames), "hostnames");
  EXPECT_EQ(nearestName("parentrefs", kNames), "parentRefs");
  EXPECT_EQ(nearestName("ruels", kNames), "rules");
  EXPECT_EQ(nearestName("annotations", kNames), std::nullopt);
  EXPECT_EQ(nearestName("", kNames), std::nullopt);
}

TEST(Text, EqualWithoutCaseIsByteForByteWhatFoldingSays) {
  std::string text = "0123456789abc";
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int left = 0; left < 256; ++left) {
      for (int right = 0; right < 256; ++right) {
        std::string a = text;
        std::string b = text;
        a[at] = static_cast<char>(left);
        b[at] = static_cast<char>(right);
        ASSERT_EQ(iequals(a, b), fold(a) == fold(b)) << at << ' ' << left << ' ' << right;
      }
    }
  }
}

}  // namespace
}  // namespace gatehouse
