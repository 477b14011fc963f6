#include "telemetry/line_buffer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "base/check.h"
#include "base/text.h"
#include "wire/byte_block.h"

namespace gatehouse::telemetry {
namespace {

constexpr std::size_t kFirstRoom = 4096;
constexpr std::size_t kAroundField = 16;  // separators, quotes, the line's end
constexpr std::size_t kLongestEscape = 6;

constexpr std::string_view kLetters =
    "!#$%&'()*+,-./0123456789:;<>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";
constexpr std::array<char, kLetters.size() + 2> kWithinQuotes = [] {
  std::array<char, kLetters.size() + 2> all{' ', '='};
  std::ranges::copy(kLetters, all.begin() + 2);
  return all;
}();

/// Bytes that stand as they are, in a JSON string and in a value without quotes.
constexpr wire::ByteClass kPlainInJson(std::string_view(kWithinQuotes.data(), kWithinQuotes.size())
);
constexpr wire::ByteClass kPlainInText(kLetters);

constexpr std::size_t kBlock = wire::HalfBlock::kSize;

}  // namespace

LineKey::LineKey(LogFormat format, std::string_view name) {
  GATEHOUSE_INVARIANT(name.size() <= kLongest);
  const bool json = format == LogFormat::kJson;
  std::string text(json ? ",\"" : " ");
  text.append(name).append(json ? "\":" : "=");
  text.copy(text_.data(), text.size());
  size_ = static_cast<std::uint8_t>(text.size());
}

void LineBuffer::clear() {
  if (storage_.empty()) {
    storage_.resize(kFirstRoom);
    end_ = storage_.data() + storage_.size();
  }
  at_ = storage_.data();
}

std::string_view LineBuffer::finish() {
  reserve(2);
  if (json_) {
    put('}');
  }
  put('\n');
  // Every field has something in front, the first as well.
  char* const begin = storage_.data();
  *begin = '{';
  return {json_ ? begin : begin + 1, at_};
}

void LineBuffer::grow(std::size_t bytes) {
  const std::size_t used = size();
  storage_.resize(std::max(storage_.size() * 2, used + bytes));
  at_ = storage_.data() + used;
  end_ = storage_.data() + storage_.size();
}

// The cursor is a local variable in these: what is written are chars, which may be anything, at_
// included, so that the compiler would store and load the member for each.
void LineBuffer::word(const LineKey& key, std::string_view value) {
  reserve(LineKey::kSize + value.size() + kAroundField);
  char* at = key.write(at_);
  *at = '"';
  at += json_ ? 1 : 0;
  std::memcpy(at, value.data(), value.size());
  at += value.size();
  *at = '"';
  at_ = at + (json_ ? 1 : 0);
}

void LineBuffer::text(const LineKey& key, std::string_view value) {
  reserve(LineKey::kSize + value.size() + kBlock + kAroundField);
  char* at = key.write(at_);
  // Written as if nothing needed care, then looked at: what stands behind the text counts for
  // nothing in that look.
  char* const begin = at;
  if (json_) {
    *at++ = '"';
  }
  const char* const from = at;
  std::memcpy(at, value.data(), value.size());
  at += value.size();
  std::memset(at, 'a', kBlock);
  if (!isPlain(from, at)) [[unlikely]] {
    at_ = begin;
    textWithEscapes(value);
    return;
  }
  if (json_) {
    *at++ = '"';
  }
  at_ = at;
}

bool LineBuffer::isPlain(const char* from, const char* end) const {
  const wire::ByteClass& plain = json_ ? kPlainInJson : kPlainInText;
  bool all = json_ || from != end;
  for (; from < end; from += kBlock) {
    all &= ~wire::HalfBlock(from).in(plain) == 0;
  }
  return all;
}

void LineBuffer::textWithEscapes(std::string_view value) {
  std::string quoted;
  quoted.reserve(value.size() * kLongestEscape + 2);
  appendQuoted(quoted, value);
  reserve(quoted.size() + kAroundField);
  put(quoted);
}

// What people write, 0.7 or 1.25, is a whole number of thousandths. At most seven digits name no
// two doubles alike, so that these are the shortest; within the bounds they stand without an
// exponent.
void LineBuffer::digits(double value) {
  constexpr double kScale = 1000;
  constexpr double kBound = 10'000;
  const bool zero = std::bit_cast<std::uint64_t>(value) == 0;  // not the negative one
  if (zero || (value >= 1 && value < kBound)) {
    if (const auto whole = static_cast<std::int64_t>(value); static_cast<double>(whole) == value) {
      digits(whole);
      return;
    }
  }
  if (value >= 1 / kScale && value < kBound) {
    const auto thousandths = static_cast<std::int64_t>(value * kScale + 0.5);
    if (static_cast<double>(thousandths) / kScale == value) {
      decimal<3>(thousandths);
      return;
    }
  }
  at_ = std::to_chars(at_, at_ + 32, value).ptr;
}

}  // namespace gatehouse::telemetry
