#include "crypto/random.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace gatehouse::crypto {

RandomSource::~RandomSource() {
  OPENSSL_cleanse(block_.data(), block_.size());
}

void RandomSource::fill(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    if (used_ == kBlock) {
      GATEHOUSE_INVARIANT(RAND_bytes(block_.data(), static_cast<int>(kBlock)) == 1);
      used_ = 0;
    }
    std::size_t count = std::min(bytes.size(), kBlock - used_);
    std::memcpy(bytes.data(), block_.data() + used_, count);
    OPENSSL_cleanse(block_.data() + used_, count);
    used_ += count;
    bytes = bytes.subspan(count);
  }
}

std::uint64_t RandomSource::next() {
  std::array<std::uint8_t, sizeof(std::uint64_t)> bytes{};
  fill(bytes);
  return std::bit_cast<std::uint64_t>(bytes);
}

std::string RandomSource::alphanumeric(std::size_t length) {
  constexpr std::string_view kCharacters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string text;
  text.reserve(length);
  while (text.size() < length) {
    std::uint8_t byte = 0;
    fill({&byte, 1});
    std::size_t index = byte & 63;  // taking two in 64 again keeps the rest equally likely
    if (index < kCharacters.size()) {
      text += kCharacters[index];
    }
  }
  return text;
}

}  // namespace gatehouse::crypto
