// ByteBlock: 64 bytes looked at together. Each question about them is answered by 64 bits, bit i
// for byte i. HalfBlock is the same for 32, for texts that are mostly short. The compare is vector
// code of the compiler; its outcome becomes bits by an instruction of the CPU every build is for
// (cmake/flags.cmake), because compilers take a vector of bools apart where bits are asked for.
// ByteClass is a set of ASCII bytes, told apart in a few steps however many they are.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <immintrin.h>
#include <string_view>

namespace gatehouse::wire {

/// Eight bits for each value that half a byte can have.
using HalfTable = std::array<std::uint8_t, 16>;

/// A set of ASCII bytes: for each low half of a byte, a bit for each high half it stands with
/// (the lookup of simdjson: Langdale, Lemire, Parsing Gigabytes of JSON per Second, 3.1.2).
class ByteClass {
 public:
  explicit consteval ByteClass(std::string_view members) {
    for (char member : members) {
      auto byte = static_cast<std::uint8_t>(member);
      if (byte > 0x7F) {
        throw "not ASCII";
      }
      low_[byte & 0x0FU] |= static_cast<std::uint8_t>(1U << (byte >> 4));
    }
  }

 private:
  friend class HalfBlock;
  static constexpr HalfTable kHigh = {1, 2, 4, 8, 16, 32, 64, 128};

  HalfTable low_{};
};

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
  /// Below a space or past ASCII: of signed bytes the same question.
  Mask unusual() const { return bits(std::bit_cast<SignedBytes>(bytes_) < ' '); }
  Mask differ(const HalfBlock& other) const { return bits(bytes_ != other.bytes_); }
  /// Of ASCII letters, whether they are small.
  static constexpr std::uint8_t kCaseBit = 0x20;
  /// Bytes that differ, case aside, from those of `folded`, which all have kCaseBit.
  Mask differCaseless(const HalfBlock& folded) const {
    return bits((bytes_ | kCaseBit) != folded.bytes_);
  }
  /// Bytes that no text has: control characters but tab.
  Mask controls() const { return bits(((bytes_ < 0x20) & (bytes_ != '\t')) | (bytes_ == 0x7f)); }
  /// For each byte the bits that `low` has for its low half and `high` for its high one; 0 for a
  /// byte past ASCII.
  HalfBlock lookUp(const HalfTable& low, const HalfTable& high) const {
    auto twice = [](const HalfTable& table) {
      return _mm256_broadcastsi128_si256(std::bit_cast<__m128i>(table));
    };
    __m256i low_bits = _mm256_shuffle_epi8(twice(low), std::bit_cast<__m256i>(bytes_));
    Bytes highs = bytes_ >> 4;
    __m256i high_bits = _mm256_shuffle_epi8(twice(high), std::bit_cast<__m256i>(highs));
    return HalfBlock(std::bit_cast<Bytes>(low_bits & high_bits));
  }
  Mask in(const ByteClass& set) const { return ~lookUp(set.low_, ByteClass::kHigh).equal('\0'); }
  friend HalfBlock operator&(HalfBlock a, HalfBlock b) { return HalfBlock(a.bytes_ & b.bytes_); }
  friend HalfBlock operator|(HalfBlock a, HalfBlock b) { return HalfBlock(a.bytes_ | b.bytes_); }

 private:
  using Bytes = std::uint8_t __attribute__((ext_vector_type(kSize)));
  using SignedBytes = std::int8_t __attribute__((ext_vector_type(kSize)));
  explicit HalfBlock(Bytes bytes) : bytes_(bytes) {}

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
  Mask unusual() const { return join(low_.unusual(), high_.unusual()); }
  Mask in(const ByteClass& set) const { return join(low_.in(set), high_.in(set)); }
  Mask controls() const { return join(low_.controls(), high_.controls()); }

 private:
  static Mask join(HalfBlock::Mask low, HalfBlock::Mask high) {
    return Mask{high} << HalfBlock::kSize | low;
  }

  HalfBlock low_;
  HalfBlock high_;
};

}  // namespace gatehouse::wire
