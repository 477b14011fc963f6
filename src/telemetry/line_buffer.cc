#include "telemetry/line_buffer.h"

#include <algorithm>

#include "base/text.h"
#include "telemetry/byte_block.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::size_t kFirstRoom = 4096;
constexpr std::size_t kAroundField = 16;  // separators, quotes, the line's end
constexpr std::size_t kLongestEscape = 6;

/// Bytes that JSON strings and quoted text hold as they are.
BlockMask needsEscape(ByteBlock block) {
  return (block < 0x20) | (block >= 0x7F) | (block == '"') | (block == '\\');
}

/// Bytes after which a text value has to be quoted.
BlockMask needsQuotes(ByteBlock block) {
  return (block == ' ') | (block == '=');
}

}  // namespace

void LineBuffer::clear() {
  if (storage_.empty()) {
    storage_.resize(kFirstRoom);
  }
  at_ = storage_.data();
  first_ = true;
}

std::string_view LineBuffer::finish() {
  reserve(2);
  if (json_) {
    put('}');
  }
  put('\n');
  return {storage_.data(), at_};
}

void LineBuffer::reserve(std::size_t bytes) {
  const auto used = static_cast<std::size_t>(at_ - storage_.data());
  if (storage_.size() - used >= bytes) [[likely]] {
    return;
  }
  storage_.resize(std::max(storage_.size() * 2, used + bytes));
  at_ = storage_.data() + used;
}

void LineBuffer::begin(std::string_view key) {
  reserve(key.size() + kAroundField + kPieces);
  if (json_) {
    put(first_ ? '{' : ',');
    put('"');
    put(key);
    put('"');
    put(':');
  } else {
    if (!first_) {
      put(' ');
    }
    put(key);
    put('=');
  }
  first_ = false;
}

void LineBuffer::text(std::string_view key, std::string_view value) {
  begin(key);
  reserve(value.size() + kBlockSize + kAroundField);
  // Written as if nothing needed care, then looked at: what stands behind the text counts for
  // nothing in that look.
  char* const begin = at_;
  quote();
  char* const from = at_;
  put(value);
  std::memset(at_, 'a', kBlockSize);
  bool escape = false;
  bool quotes = value.empty();
  for (const char* block = from; block < at_; block += kBlockSize) {
    const ByteBlock bytes = loadBlock(block);
    escape = escape || any(needsEscape(bytes));
    quotes = quotes || any(needsQuotes(bytes));
  }
  if (escape || (quotes && !json_)) [[unlikely]] {
    at_ = begin;
    textWithEscapes(value);
    return;
  }
  quote();
}

void LineBuffer::textWithEscapes(std::string_view value) {
  std::string quoted;
  quoted.reserve(value.size() * kLongestEscape + 2);
  appendQuoted(quoted, value);
  reserve(quoted.size() + kAroundField);
  put(quoted);
}

void LineBuffer::padded(std::uint64_t value, std::size_t count) {
  std::array<char, 20> text;
  const char* end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  const auto size = static_cast<std::size_t>(end - text.data());
  for (std::size_t i = size; i < count; ++i) {
    put('0');
  }
  put({text.data(), size});
}

void LineBuffer::decimal(std::int64_t value, std::size_t places) {
  std::uint64_t scale = 1;
  for (std::size_t i = 0; i < places; ++i) {
    scale *= 10;
  }
  if (value < 0) {
    put('-');
  }
  const std::uint64_t size =
      value < 0 ? -static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  digits(size / scale);
  if (size % scale == 0) {
    return;
  }
  put('.');
  padded(size % scale, places);
  while (at_[-1] == '0') {
    --at_;
  }
}

void LineBuffer::hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::uint8_t byte : bytes) {
    put(kDigits[byte >> 4]);
    put(kDigits[byte & 0xF]);
  }
}

}  // namespace gatehouse::telemetry
