// One line of the access log in the making, in memory that is used again for the next.
// base/log_line writes the same form; here every field of every request counts, so room is asked
// for once a field and nothing is cleared or moved. Owner's thread.
#pragma once

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

class LineBuffer {
 public:
  explicit LineBuffer(LogFormat format) : json_(format == LogFormat::kJson) {}

  void clear();
  /// Ends the line and gives it, newline included; valid until clear().
  std::string_view finish() [[clang::lifetimebound]];

  bool json() const { return json_; }

  /// Keys are plain names; they are written as they are.
  void text(std::string_view key, std::string_view value);
  /// Writes the key; the value follows by the functions below. At most kPieces bytes of it.
  static constexpr std::size_t kPieces = 256;
  void begin(std::string_view key);
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
  char* writeKey(char* at, std::string_view key) const;
  /// Whether the bytes can stay as they are; up to kBlockSize bytes after `end` are read, too.
  bool isPlain(const char* from, const char* end) const;
  void textWithEscapes(std::string_view value);

  std::string storage_;  // all of it is room; what is written ends at at_
  char* at_ = nullptr;
  bool json_;
  bool first_ = true;
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
