// ByteBlock: 64 bytes looked at together. Each question about them is answered by 64 bits, bit i
// for byte i. HalfBlock is the same for 32, for texts that are mostly short. The compare is vector
// code of the compiler; its outcome becomes bits by an instruction of the CPU every build is for
// (cmake/flags.cmake), because compilers take a vector of bools apart where bits are asked for.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <immintrin.h>

namespace gatehouse::wire {

/// 32 bytes.
class HalfBlock {
 public:
  static constexpr std::size_t kSize = 32;
  using Mask = std::uint32_t;

  /// kSize bytes from `begin` must be readable.
  explicit HalfBlock(const char* begin) : bytes_() { std::memcpy(&bytes_, begin, kSize); }

  Mask equal(char c) const { return bits(bytes_ == static_cast<std::uint8_t>(c)); }
  Mask below(std::uint8_t bound) const { return bits(bytes_ < bound); }
  Mask beyondAscii() const { return bits(bytes_); }
  template <char... kSet>
  Mask anyOf() const {
    return bits((... | (bytes_ == static_cast<std::uint8_t>(kSet))));
  }
  /// Bytes that differ from `other`'s in more than the bits of `ignored`.
  Mask differ(const HalfBlock& other, std::uint8_t ignored) const {
    return bits((bytes_ | ignored) != (other.bytes_ | ignored));
  }
  /// Bytes that no text has: control characters but tab.
  Mask controls() const { return bits(((bytes_ < 0x20) & (bytes_ != '\t')) | (bytes_ == 0x7f)); }
  /// Bytes that no token of RFC 9110 section 5.6.2 has.
  Mask notToken() const {
    auto within = [this](std::uint8_t first, std::uint8_t last) {
      return static_cast<Bytes>(bytes_ - first) <= static_cast<std::uint8_t>(last - first);
    };
    auto parted = (bytes_ == '"') | within('(', ')') | (bytes_ == ',') | (bytes_ == '/') |
                  within(':', '@') | within('[', ']') | (bytes_ == '{') | (bytes_ == '}');
    return bits((bytes_ <= 0x20) | (bytes_ >= 0x7f) | parted);
  }
  Mask hexDigits() const {
    Bytes folded = bytes_ | 0x20;
    auto digit = (bytes_ >= '0') & (bytes_ <= '9');
    auto letter = (folded >= 'a') & (folded <= 'f');
    return bits(digit | letter);
  }

 private:
  using Bytes = std::uint8_t __attribute__((ext_vector_type(kSize)));

  /// The highest bit of each byte.
  template <typename Vector>
  static Mask bits(Vector bytes) {
    return static_cast<Mask>(_mm256_movemask_epi8(std::bit_cast<__m256i>(bytes)));
  }

  Bytes bytes_;
};

/// 64 bytes.
class ByteBlock {
 public:
  static constexpr std::size_t kSize = 2 * HalfBlock::kSize;
  using Mask = std::uint64_t;

  /// kSize bytes from `begin` must be readable.
  explicit ByteBlock(const char* begin) : low_(begin), high_(begin + HalfBlock::kSize) {}

  Mask equal(char c) const { return join(low_.equal(c), high_.equal(c)); }
  Mask below(std::uint8_t bound) const { return join(low_.below(bound), high_.below(bound)); }
  Mask beyondAscii() const { return join(low_.beyondAscii(), high_.beyondAscii()); }
  template <char... kSet>
  Mask anyOf() const {
    return join(low_.anyOf<kSet...>(), high_.anyOf<kSet...>());
  }
  Mask controls() const { return join(low_.controls(), high_.controls()); }
  Mask hexDigits() const { return join(low_.hexDigits(), high_.hexDigits()); }

 private:
  static Mask join(HalfBlock::Mask low, HalfBlock::Mask high) {
    return Mask{high} << HalfBlock::kSize | low;
  }

  HalfBlock low_;
  HalfBlock high_;
};

}  // namespace gatehouse::wire
