#include "base/hex.h"

#include <array>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

TEST(Hex, WritesTwoDigitsForEachByte) {
  constexpr std::array<std::uint8_t, 8> kBytes = {0x00, 0x09, 0x0A, 0x10, 0x9F, 0xA0, 0xF9, 0xFF};
  std::array<char, 17> text{};
  char* const end = writeHex(kBytes, text.data());
  EXPECT_EQ(std::string(text.data(), end), "00090a109fa0f9ff");
  EXPECT_EQ(text.back(), '\0');
}

}  // namespace
}  // namespace gatehouse
