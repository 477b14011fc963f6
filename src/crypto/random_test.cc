#include "crypto/random.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace gatehouse::crypto {
namespace {

TEST(RandomSource, NumbersDoNotRepeat) {
  RandomSource first;
  RandomSource second;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(first.next()).second);
    EXPECT_TRUE(seen.insert(second.next()).second);
  }
}

TEST(RandomSource, FillsAcrossBlocks) {
  RandomSource source;
  source.next();
  std::vector<std::uint8_t> bytes(3000);
  source.fill(bytes);
  for (std::size_t at = 0; at < bytes.size(); at += 100) {
    auto part = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    EXPECT_FALSE(std::all_of(part, part + 100, [](std::uint8_t byte) { return byte == 0; })) << at;
  }
}

TEST(RandomSource, AlphanumericIdsHaveTheirLength) {
  RandomSource source;
  std::string id = source.alphanumeric(2000);
  EXPECT_EQ(id.size(), 2000u);
  EXPECT_TRUE(std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0; }));
  EXPECT_EQ(std::set<char>(id.begin(), id.end()).size(), 62u);
}

TEST(Digest, Sha256OfTheStandard) {
  EXPECT_EQ(sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").front(), 0xBA);
}

}  // namespace
}  // namespace gatehouse::crypto
