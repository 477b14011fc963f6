// Bytes as hexadecimal digits in lower case, many at a time: ids of traces and the like, whose
// sizes are fixed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gatehouse {

/// Two digits for each byte; gives the end of what is written.
template <std::size_t Count>
char* writeHex(const std::array<std::uint8_t, Count>& bytes, char* at) {
  constexpr std::size_t kDigits = 2 * Count;
  // Loops of a fixed count without branches: the compiler makes vectors of them.
  std::array<std::uint8_t, kDigits> digits;
  for (std::size_t i = 0; i < Count; ++i) {
    digits[2 * i] = bytes[i] >> 4;
    digits[2 * i + 1] = bytes[i] & 0x0F;
  }
  constexpr int kToLetter = 'a' - '0' - 10;
  for (std::uint8_t& digit : digits) {
    digit = static_cast<std::uint8_t>(digit + '0' + (digit > 9 ? kToLetter : 0));
  }
  std::memcpy(at, digits.data(), kDigits);
  return at + kDigits;
}

}  // namespace gatehouse
