// RandomSource: unpredictable bytes (OpenSSL's generator), drawn in blocks so that an id costs a
// copy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace gatehouse::crypto {

/// One per thread; owner's thread only. Never waits. What was handed out is wiped from the block.
class RandomSource {
 public:
  RandomSource() = default;
  ~RandomSource();
  RandomSource(const RandomSource&) = delete;
  RandomSource& operator=(const RandomSource&) = delete;

  std::uint64_t next();
  void fill(std::span<std::uint8_t> bytes);
  /// For ids: characters 0-9, A-Z, a-z, each of them equally likely.
  std::string alphanumeric(std::size_t length);

 private:
  static constexpr std::size_t kBlock = 512;

  std::array<std::uint8_t, kBlock> block_{};
  std::size_t used_ = kBlock;
};

}  // namespace gatehouse::crypto
