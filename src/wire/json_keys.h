// The keys that a reader looks for in JSON, arranged by length, so that most keys of a document are
// told apart from them without a comparison.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

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
          by_length_.at(placed++) = static_cast<std::uint8_t>(i);
        }
      }
      end_of_length_[length + 1] = static_cast<std::uint8_t>(placed);
    }
  }

  /// The index of a key as the document writes it, without its quotes; escapes are resolved. kNone
  /// if it is none of ours.
  std::size_t find(std::string_view written) const {
    std::size_t plain = findPlain(written);
    return plain == kNone && written.contains('\\') ? findUnescaped(written) : plain;
  }
  std::string_view operator[](std::size_t index) const { return keys_[index]; }

 private:
  std::size_t findPlain(std::string_view key) const {
    if (key.empty() || key.size() > kLongest) {
      return kNone;
    }
    for (std::size_t i = end_of_length_[key.size()]; i < end_of_length_[key.size() + 1]; ++i) {
      std::string_view known = keys_[by_length_[i]];
      if (known.front() == key.front() && known == key) {
        return by_length_[i];
      }
    }
    return kNone;
  }
  [[gnu::cold]] std::size_t findUnescaped(std::string_view written) const;

  std::span<const std::string_view> keys_;
  std::array<std::uint8_t, kMax> by_length_{};              // indices of keys_
  std::array<std::uint8_t, kLongest + 2> end_of_length_{};  // [n + 1]: one past the keys of n bytes
};

}  // namespace gatehouse::wire
