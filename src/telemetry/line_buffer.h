// One line of the access log in the making, in memory that is used again for the next.
// base/log_line writes the same form; here every field of every request counts, so room is asked
// for once a field and nothing is cleared or moved. Owner's thread.
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "base/hex.h"
#include "base/log_line.h"

namespace gatehouse::telemetry {

/// A key as a line has it, what parts it from the field before and from its value included, so that
/// it is written in one piece.
class LineKey {
 public:
  /// No key.
  LineKey() = default;
  /// A plain name, written as it is; at most kLongest bytes.
  LineKey(LogFormat format, std::string_view name);
  static constexpr std::size_t kSize = 48;
  static constexpr std::size_t kLongest = kSize - 4;

  bool empty() const { return size_ == 0; }
  /// kSize bytes at `at` are written; gives where the value begins.
  char* write(char* at) const {
    std::memcpy(at, text_.data(), kSize);
    return at + size_;
  }

 private:
  std::array<char, kSize> text_{};
  std::uint8_t size_ = 0;
};

/// A field that lines have in common, as it was written once. Owner's thread.
class ReadyField {
 public:
  static constexpr std::size_t kSize = 96;

  /// Whether it is the field of the value at `value`, of `size` bytes, that never changes.
  bool isOf(const void* value, std::size_t size) const {
    return value_ == value && value_size_ == size;
  }
  /// Keeps what was written for the value, unless it is longer than kSize.
  void keep(const void* value, std::size_t size, std::string_view written) {
    *this = ReadyField();
    if (written.size() <= kSize) {
      value_ = value;
      value_size_ = size;
      size_ = static_cast<std::uint8_t>(written.copy(text_.data(), kSize));
    }
  }
  /// kSize bytes at `at` are written; gives the end of the field.
  char* write(char* at) const {
    std::memcpy(at, text_.data(), kSize);
    return at + size_;
  }

 private:
  const void* value_ = nullptr;  // null: nothing is kept
  std::size_t value_size_ = 0;
  std::array<char, kSize> text_{};
  std::uint8_t size_ = 0;
};

class LineBuffer {
 public:
  explicit LineBuffer(LogFormat format) : json_(format == LogFormat::kJson) {}

  void clear();
  /// Ends the line and gives it, newline included; valid until clear().
  std::string_view finish() [[clang::lifetimebound]];

  bool json() const { return json_; }

  /// Keys are of the line's format. A line has at least one field.
  void text(const LineKey& key, std::string_view value);
  /// The same for a value that is not empty and holds nothing to escape or quote.
  void word(const LineKey& key, std::string_view value);
  /// A field as it was written before in this format.
  void field(const ReadyField& ready) {
    reserve(ReadyField::kSize);
    at_ = ready.write(at_);
  }
  /// How much is written, and what was written since then; valid until the next field.
  std::size_t size() const { return static_cast<std::size_t>(at_ - storage_.data()); }
  std::string_view since(std::size_t size) const [[clang::lifetimebound]] {
    return {storage_.data() + size, at_};
  }
  /// Writes the key; the value follows by the functions below. At most kPieces bytes of it.
  static constexpr std::size_t kPieces = 256;
  void begin(const LineKey& key) {
    reserve(LineKey::kSize + kPieces);
    at_ = key.write(at_);
  }
  /// For values that are text in JSON and hold nothing to escape or quote.
  void quote() {
    if (json_) {
      put('"');
    }
  }
  void put(char c) { *at_++ = c; }
  void put(std::string_view piece) {
    std::memcpy(at_, piece.data(), piece.size());
    at_ += piece.size();
  }
  template <std::integral Number>
  void digits(Number value) {
    if (std::cmp_greater_equal(value, 0) && std::cmp_less(value, 10'000)) [[likely]] {
      fewDigits(static_cast<std::uint32_t>(value));
    } else {
      at_ = std::to_chars(at_, at_ + 24, value).ptr;
    }
  }
  /// The shortest digits that read back as `value`, as std::to_chars writes them.
  void digits(double value);
  /// `Count` digits, zeros in front; the value has no more.
  template <std::size_t Count>
  void padded(std::uint64_t value) {
    char* const at = at_;
    std::size_t left = Count;
    for (; left >= 2; value /= 100) {
      left -= 2;
      writePair(at + left, value % 100);
    }
    if (left > 0) {
      *at = static_cast<char>('0' + value);
    }
    at_ = at + Count;
  }
  /// `value` / 10^Places, without trailing zeros.
  template <std::size_t Places>
  void decimal(std::int64_t value);
  template <std::size_t Count>
  void hex(const std::array<std::uint8_t, Count>& bytes) {
    at_ = writeHex(bytes, at_);
  }

 private:
  /// "00", "01", ... "99".
  static constexpr auto kPairs = [] {
    std::array<char, 200> pairs{};
    for (std::size_t i = 0; i < pairs.size() / 2; ++i) {
      pairs[2 * i] = static_cast<char>('0' + i / 10);
      pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
  }();
  /// `value` is below 100.
  static void writePair(char* at, std::uint64_t value) {
    std::memcpy(at, kPairs.data() + 2 * value, 2);
  }
  /// `value` is below 10,000: four digits, less the zeros in front.
  void fewDigits(std::uint32_t value) {
    std::array<char, 4> text;
    writePair(text.data(), value / 100);
    writePair(text.data() + 2, value % 100);
    const std::size_t zeros = value >= 100 ? (value >= 1000 ? 0 : 1) : (value >= 10 ? 2 : 3);
    const auto digits = std::bit_cast<std::uint32_t>(text) >> 8 * zeros;
    std::memcpy(at_, &digits, sizeof(digits));
    at_ += text.size() - zeros;
  }
  void reserve(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) [[unlikely]] {
      grow(bytes);
    }
  }
  void grow(std::size_t bytes);
  /// Whether the bytes can stay as they are; up to a block of bytes after `end` is read, too.
  bool isPlain(const char* from, const char* end) const;
  void textWithEscapes(std::string_view value);

  std::string storage_;  // all of it is room; what is written ends at at_
  char* at_ = nullptr;
  char* end_ = nullptr;  // of the room
  bool json_;
};

template <std::size_t Places>
void LineBuffer::decimal(std::int64_t value) {
  constexpr std::uint64_t kScale = [] {
    std::uint64_t scale = 1;
    for (std::size_t i = 0; i < Places; ++i) {
      scale *= 10;
    }
    return scale;
  }();
  const auto bits = static_cast<std::uint64_t>(value);
  const std::uint64_t size = value < 0 ? -bits : bits;
  if (value < 0) {
    put('-');
  }
  digits(size / kScale);
  if (size % kScale == 0) {
    return;
  }
  put('.');
  padded<Places>(size % kScale);
  while (at_[-1] == '0') {
    --at_;
  }
}

}  // namespace gatehouse::telemetry
