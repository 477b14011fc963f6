// ByteBlock: 64 bytes looked at together. Each question about them is answered by 64 bits, bit i
// for byte i. Vector code without intrinsics: the compiler picks the instructions of the target.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace gatehouse::wire {

class ByteBlock {
 public:
  static constexpr std::size_t kSize = 64;

  /// 64 bytes from `begin` must be readable.
  explicit ByteBlock(const char* begin) : bytes_() { std::memcpy(&bytes_, begin, kSize); }

  std::uint64_t equal(char c) const {
    return std::bit_cast<std::uint64_t>(
        __builtin_convertvector(bytes_ == static_cast<std::uint8_t>(c), Bits)
    );
  }
  std::uint64_t below(std::uint8_t bound) const {
    return std::bit_cast<std::uint64_t>(__builtin_convertvector(bytes_ < bound, Bits));
  }
  std::uint64_t beyondAscii() const {
    return std::bit_cast<std::uint64_t>(__builtin_convertvector(bytes_ >= 0x80, Bits));
  }
  template <char... kSet>
  std::uint64_t anyOf() const {
    return std::bit_cast<std::uint64_t>(
        __builtin_convertvector((... | (bytes_ == static_cast<std::uint8_t>(kSet))), Bits)
    );
  }
  std::uint64_t hexDigits() const {
    Bytes folded = bytes_ | 0x20;
    auto digit = (bytes_ >= '0') & (bytes_ <= '9');
    auto letter = (folded >= 'a') & (folded <= 'f');
    return std::bit_cast<std::uint64_t>(__builtin_convertvector(digit | letter, Bits));
  }

 private:
  using Bytes = std::uint8_t __attribute__((ext_vector_type(64)));
  using Bits = bool __attribute__((ext_vector_type(64)));

  Bytes bytes_;
};

}  // namespace gatehouse::wire
