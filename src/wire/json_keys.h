// The keys that a reader looks for in JSON, arranged by length, so that most keys of a document are
// told apart from them without a comparison.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "wire/byte_block.h"

namespace gatehouse::wire {

class JsonKeys {
 public:
  static constexpr std::size_t kMax = 24;
  static constexpr std::size_t kLongest = 31;
  static constexpr std::size_t kNone = kMax;

  /// At most kMax keys of at most kLongest bytes, plain ASCII; their array must outlive this.
  explicit constexpr JsonKeys(std::span<const std::string_view> keys) : keys_(keys) {
    std::size_t placed = 0;
    for (std::size_t length = 0; length <= kLongest; ++length) {
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (keys[i].size() == length) {
          std::ranges::copy(keys[i], blocks_.at(placed).begin());
          by_length_.at(placed++) = static_cast<std::uint8_t>(i);
        }
      }
      end_of_length_[length + 1] = static_cast<std::uint8_t>(placed);
    }
  }

  /// The index of a key as the document writes it, without its quotes; escapes are resolved. kNone
  /// if it is none of ours. HalfBlock::kSize bytes from its begin on can be read.
  std::size_t find(std::string_view written) const {
    if (written.size() > kLongest) {
      return written.contains('\\') ? findUnescaped(written) : kNone;
    }
    HalfBlock block(written.data());
    HalfBlock::Mask within = (HalfBlock::Mask{1} << written.size()) - 1;
    std::size_t end = end_of_length_.data()[written.size() + 1];
    for (std::size_t i = end_of_length_.data()[written.size()]; i < end; ++i) {
      if ((block.differ(HalfBlock(blocks_.data()[i].data())) & within) == 0) {
        return by_length_.data()[i];
      }
    }
    return (block.equal('\\') & within) != 0 ? findUnescaped(written) : kNone;
  }
  std::string_view operator[](std::size_t index) const { return keys_[index]; }

 private:
  [[gnu::cold]] std::size_t findUnescaped(std::string_view written) const;

  std::span<const std::string_view> keys_;
  std::array<std::array<char, HalfBlock::kSize>, kMax> blocks_{};  // their texts, by length
  std::array<std::uint8_t, kMax> by_length_{};                     // their indices in keys_
  std::array<std::uint8_t, kLongest + 2> end_of_length_{};  // [n + 1]: one past the keys of n bytes
};

}  // namespace gatehouse::wire
