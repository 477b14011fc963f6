// One line of the access log in the making, in memory that is used again for the next.
// base/log_line writes the same form; here every field of every request counts, so room is asked
// for once a field and nothing is cleared or moved. Owner's thread.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

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
  /// Writes the key; the value follows by the functions below. At most kPieces bytes of it.
  static constexpr std::size_t kPieces = 256;
  void begin(const LineKey& key);
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
    at_ = std::to_chars(at_, at_ + 24, value).ptr;
  }
  /// The shortest digits that read back as `value`, as std::to_chars writes them.
  void digits(double value);
  /// `Count` digits, zeros in front; the value has no more.
  template <std::size_t Count>
  void padded(std::uint64_t value) {
    for (std::size_t i = Count; i-- > 0; value /= 10) {
      at_[i] = static_cast<char>('0' + value % 10);
    }
    at_ += Count;
  }
  /// `value` / 10^Places, without trailing zeros.
  template <std::size_t Places>
  void decimal(std::int64_t value);
  void hex(std::span<const std::uint8_t> bytes);

 private:
  void reserve(std::size_t bytes);
  /// Whether the bytes can stay as they are; up to a block of bytes after `end` is read, too.
  bool isPlain(const char* from, const char* end) const;
  void textWithEscapes(std::string_view value);

  std::string storage_;  // all of it is room; what is written ends at at_
  char* at_ = nullptr;
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
