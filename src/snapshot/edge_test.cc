#include "snapshot/edge.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace gatehouse::snapshot {
namespace {

std::size_t hashOf(std::uint32_t from, std::string_view text) {
  return EdgeHash()(EdgeView{.from = from, .text = text});
}

// Each step of the hash can be undone, so keys that differ in one word of eight octets never share
// one.
TEST(EdgeHash, EveryBitOfTheTextCounts) {
  const std::string whole = "/tenants/0123456789abcdef/v1/chat/completions";
  for (std::size_t size = 1; size <= whole.size(); ++size) {
    const std::string text = whole.substr(0, size);
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      std::string other = text;
      other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << (bit % 8)));
      EXPECT_NE(hashOf(3, text), hashOf(3, other)) << text << " bit " << bit;
    }
  }
}

TEST(EdgeHash, EveryBitOfTheNodeCounts) {
  for (const std::string_view text : {"", "v1", "completions", "a text of several words"}) {
    for (unsigned bit = 0; bit < 32; ++bit) {
      EXPECT_NE(hashOf(5, text), hashOf(5 ^ (1U << bit), text)) << text << " bit " << bit;
    }
  }
}

TEST(EdgeHash, TheLengthCounts) {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, 'a');
    EXPECT_NE(hashOf(0, text), hashOf(0, text + 'a')) << size;
    EXPECT_NE(hashOf(0, text), hashOf(0, text + '\0')) << size;
  }
}

TEST(EdgeHash, TheOrderOfWordsCounts) {
  EXPECT_NE(hashOf(0, "aaaaaaaabbbbbbbbx"), hashOf(0, "bbbbbbbbaaaaaaaax"));
  EXPECT_NE(hashOf(0, "aaaaaaaabbbbbbbb"), hashOf(0, "bbbbbbbbaaaaaaaa"));
}

TEST(EdgeHash, ManyTenantsShareFewBuckets) {
  constexpr std::size_t kKeys = 4096;
  constexpr std::size_t kBuckets = 4099;
  std::set<std::size_t> hashes;
  std::vector<std::size_t> fill(kBuckets);
  std::size_t fullest = 0;
  for (std::size_t i = 0; i < kKeys; ++i) {
    const std::size_t hash = hashOf(0, fmt::format("/tenants/tenant-{:04}/v1/chat/completions", i));
    hashes.insert(hash);
    fullest = std::max(fullest, ++fill[hash % kBuckets]);
  }
  EXPECT_EQ(hashes.size(), kKeys);
  EXPECT_LE(fullest, 12U) << "what chance gives is 6 or 7";
}

TEST(EdgeHash, OfAKeyAndItsViewIsOne) {
  const Edge edge{.from = 7, .text = "completions"};
  EXPECT_EQ(EdgeHash()(edge), hashOf(7, "completions"));
  EXPECT_TRUE(EdgeEqual()(edge, EdgeView{.from = 7, .text = "completions"}));
  EXPECT_FALSE(EdgeEqual()(edge, EdgeView{.from = 8, .text = "completions"}));
  EXPECT_FALSE(EdgeEqual()(edge, EdgeView{.from = 7, .text = "completion"}));
}

}  // namespace
}  // namespace gatehouse::snapshot
