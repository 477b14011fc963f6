// ByteBlock: 64 bytes looked at together. Each question about them is answered by 64 bits, bit i
// for byte i. HalfBlock is the same for 32, for texts that are mostly short. Vector code without
// intrinsics: the compiler picks the instructions of the target.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace gatehouse::wire {

template <std::size_t size>
class BytesTogether {
 public:
  static constexpr std::size_t kSize = size;
  using Mask = std::conditional_t<size == 64, std::uint64_t, std::uint32_t>;
  static_assert(sizeof(Mask) * 8 == size);

  /// kSize bytes from `begin` must be readable.
  explicit BytesTogether(const char* begin) : bytes_() { std::memcpy(&bytes_, begin, kSize); }

  Mask equal(char c) const {
    return std::bit_cast<Mask>(__builtin_convertvector(bytes_ == static_cast<std::uint8_t>(c), Bits)
    );
  }
  Mask below(std::uint8_t bound) const {
    return std::bit_cast<Mask>(__builtin_convertvector(bytes_ < bound, Bits));
  }
  Mask beyondAscii() const {
    return std::bit_cast<Mask>(__builtin_convertvector(bytes_ >= 0x80, Bits));
  }
  template <char... kSet>
  Mask anyOf() const {
    return std::bit_cast<Mask>(
        __builtin_convertvector((... | (bytes_ == static_cast<std::uint8_t>(kSet))), Bits)
    );
  }
  /// Bytes that no token of RFC 9110 section 5.6.2 has.
  Mask notToken() const {
    auto within = [this](std::uint8_t first, std::uint8_t last) {
      return static_cast<Bytes>(bytes_ - first) <= static_cast<std::uint8_t>(last - first);
    };
    auto parted = (bytes_ == '"') | within('(', ')') | (bytes_ == ',') | (bytes_ == '/') |
                  within(':', '@') | within('[', ']') | (bytes_ == '{') | (bytes_ == '}');
    return std::bit_cast<Mask>(
        __builtin_convertvector((bytes_ <= 0x20) | (bytes_ >= 0x7f) | parted, Bits)
    );
  }
  Mask hexDigits() const {
    Bytes folded = bytes_ | 0x20;
    auto digit = (bytes_ >= '0') & (bytes_ <= '9');
    auto letter = (folded >= 'a') & (folded <= 'f');
    return std::bit_cast<Mask>(__builtin_convertvector(digit | letter, Bits));
  }

 private:
  using Bytes = std::uint8_t __attribute__((ext_vector_type(size)));
  using Bits = bool __attribute__((ext_vector_type(size)));

  Bytes bytes_;
};

using ByteBlock = BytesTogether<64>;
using HalfBlock = BytesTogether<32>;

}  // namespace gatehouse::wire
