#include "wire/json_cursor.h"

#include <algorithm>
#include <bit>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "wire/byte_block.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {
namespace {

constexpr std::uint64_t kOddBits = 0xAAAA'AAAA'AAAA'AAAA;

constexpr ByteClass kSimpleEscapes("\"\\/bfnrt");
constexpr ByteClass kHexDigits("0123456789abcdefABCDEF");
constexpr ByteClass kSpaces(" \t\n\r");

/// Which bytes are escaped, that is, follow a backslash that is not itself escaped. `carry` is 1 if
/// the last byte of the block before was such a backslash. Method of simdjson (Langdale, Lemire:
/// Parsing Gigabytes of JSON per Second, 3.1.1).
std::uint64_t findEscaped(std::uint64_t backslash, std::uint64_t& carry) {
  if (backslash == 0) {
    return std::exchange(carry, 0);
  }
  std::uint64_t potential = backslash & ~carry;
  std::uint64_t maybe_escaped = potential << 1;
  std::uint64_t series = ((maybe_escaped | kOddBits) - potential) ^ kOddBits;
  std::uint64_t escaped = series ^ (backslash | carry);
  carry = (series & backslash) >> 63;
  return escaped;
}

/// Checks the bytes that follow backslashes, and the four digits that follow "\u", across blocks.
class EscapeCheck {
 public:
  /// Bits of faulty bytes; those behind the string's end mean nothing.
  std::uint64_t faults(const ByteBlock& block, std::uint64_t escaped) {
    if ((escaped | digits_due_) == 0) {
      return 0;
    }
    std::uint64_t other = escaped & ~block.in(kSimpleEscapes);
    if ((other | digits_due_) == 0) {
      return 0;
    }
    std::uint64_t unicode = other & block.equal('u');
    std::uint64_t due = unicode << 1 | unicode << 2 | unicode << 3 | unicode << 4 | digits_due_;
    digits_due_ = unicode >> 63 | unicode >> 62 | unicode >> 61 | unicode >> 60;
    return (other & ~unicode) | (due & ~block.in(kHexDigits));
  }

 private:
  std::uint64_t digits_due_ = 0;
};

}  // namespace

/// The containers one stands in, outermost first.
class JsonCursor::Nesting {
 public:
  bool empty() const { return depth_ == 0; }
  bool full() const { return depth_ == kMaxDepth; }
  void push(bool object) { is_object_[depth_++] = object; }
  void pop() { --depth_; }
  bool inObject() const { return is_object_[depth_ - 1]; }
  char closer() const { return inObject() ? '}' : ']'; }

 private:
  std::bitset<kMaxDepth> is_object_;
  std::size_t depth_ = 0;
};

bool JsonCursor::skipAnyString() {
  const char* opening_quote = at_;
  if (peek() != '"') {
    return failExpected("a string");
  }
  std::uint64_t carry = 0;
  EscapeCheck escapes;
  for (const char* from = at_ + 1; from < end_; from += ByteBlock::kSize) {
    ByteBlock block(from);
    auto left = static_cast<std::uint64_t>(end_ - from);
    std::uint64_t inside =
        left < ByteBlock::kSize ? (std::uint64_t{1} << left) - 1 : ~std::uint64_t{0};
    std::uint64_t escaped = findEscaped(block.equal('\\'), carry);
    std::uint64_t closing = block.equal('"') & ~escaped & inside;
    if (closing != 0) {
      inside = closing ^ (closing - 1);  // up to the closing quote and with it
    }
    std::uint64_t faults = escapes.faults(block, escaped);
    if ((block.unusual() & inside) != 0) {
      faults |= block.below(0x20);
      beyond_ascii_ |= (block.beyondAscii() & inside) != 0;
    }
    if ((faults & inside) != 0) {
      return failString(opening_quote);
    }
    if (closing != 0) {
      at_ = from + std::countr_zero(closing) + 1;
      return true;
    }
  }
  return failString(opening_quote);
}

/// Goes through a faulty string byte by byte, for the exact place and words.
bool JsonCursor::failString(const char* opening_quote) {
  for (at_ = opening_quote + 1; at_ < end_ && *at_ != '"'; ++at_) {
    if (static_cast<unsigned char>(*at_) < 0x20) {
      return fail("control character " + found() + " in a string: it must be escaped");
    }
    if (*at_ != '\\') {
      continue;
    }
    ++at_;
    if (peek() == 'u') {
      std::string_view digits(
          at_ + 1, std::min<std::size_t>(4, static_cast<std::size_t>(end_ - at_ - 1))
      );
      if (digits.size() < 4 || !parseHex(digits)) {
        return fail("\\u needs four hexadecimal digits, found '" + printable(digits) + "'");
      }
      at_ += 4;
    } else if (atEnd()) {
      break;
    } else if (std::string_view("\"\\/bfnrt").find(*at_) == std::string_view::npos) {
      return fail("unknown escape \\" + printable(std::string_view(at_, 1)) + " in a string");
    }
  }
  at_ = opening_quote;
  return fail("a string without its closing quote");
}

void JsonCursor::skipSpaceRun() {
  while (at_ < end_) {
    std::uint64_t other = ~ByteBlock(at_).in(kSpaces);
    auto run = static_cast<std::ptrdiff_t>(std::countr_zero(other));
    at_ += std::min(run, end_ - at_);
    if (other != 0) {
      return;
    }
  }
}

bool JsonCursor::skipOtherValue() {
  return peek() == '{' || peek() == '[' ? skipContainer() : skipScalar();
}

bool JsonCursor::skipContainer() {
  Nesting nesting;
  while (true) {
    bool opens = peek() == '{' || peek() == '[';
    if (!(opens ? openContainer(nesting) : skipScalar())) {
      return false;
    }
    skipSpace();
    if (!opens || peek() == nesting.closer()) {
      closeContainers(nesting);
      if (nesting.empty()) {
        return true;
      }
      if (!skipComma(nesting.closer())) {
        return false;
      }
    }
    if (nesting.inObject() && !(skipKey() && skipColon())) {
      return false;
    }
  }
}

bool JsonCursor::openContainer(Nesting& nesting) {
  if (nesting.full()) {
    return fail(fmt::format("nested deeper than {} levels", kMaxDepth));
  }
  nesting.push(peek() == '{');
  ++at_;
  return true;
}

/// Passes every bracket that closes here; stops right behind the outermost.
void JsonCursor::closeContainers(Nesting& nesting) {
  while (peek() == nesting.closer()) {
    ++at_;
    nesting.pop();
    if (nesting.empty()) {
      return;
    }
    skipSpace();
  }
}

template <std::size_t N>
bool JsonCursor::skipWord(const char (&word)[N]) {
  constexpr std::size_t kSize = N - 1;  // without its NUL
  if (static_cast<std::size_t>(end_ - at_) < kSize || std::memcmp(at_, word, kSize) != 0) {
    return failExpected(word);
  }
  at_ += kSize;
  return true;
}

bool JsonCursor::skipScalar() {
  switch (peek()) {
    case '"':
      return skipString();
    case 't':
      return skipWord("true");
    case 'f':
      return skipWord("false");
    case 'n':
      return skipWord("null");
    default:
      return skipNumber();
  }
}

bool JsonCursor::skipNumber() {
  const char* at = at_;
  if (peek() == '-') {
    ++at;
  } else if (!isDigit(peek())) {
    return failExpected("a value");
  }
  const char* const digits = at;
  while (at != end_ && isDigit(*at)) {
    ++at;
  }
  if (at == digits) {
    at_ = at;
    return failExpected("a digit");
  }
  if (*digits == '0' && at != digits + 1) {
    at_ = digits + 1;
    return fail("a number must not begin with 0");
  }
  at_ = at;
  const bool whole = at == end_ || (*at != '.' && *at != 'e' && *at != 'E');
  return whole || skipFraction();
}

/// From the point or the exponent's letter on.
bool JsonCursor::skipFraction() {
  if (peek() == '.') {
    ++at_;
    if (!skipDigits("a digit after the decimal point")) {
      return false;
    }
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    at_ += peek() == '+' || peek() == '-' ? 1 : 0;
    return skipDigits("a digit in the exponent");
  }
  return true;
}

bool JsonCursor::skipDigits(std::string_view wanted) {
  const char* at = at_;
  while (at != end_ && isDigit(*at)) {
    ++at;
  }
  if (at == at_) {
    return failExpected(wanted);
  }
  at_ = at;
  return true;
}

bool JsonCursor::finish() {
  skipSpace();
  if (!atEnd()) {
    return failExpected("nothing more");
  }
  return true;
}

bool JsonCursor::fail(std::string message) {
  message_ = std::move(message);
  return false;
}

bool JsonCursor::failAt(std::size_t offset, std::string message) {
  at_ = begin_ + offset;
  return fail(std::move(message));
}

bool JsonCursor::failExpected(std::string_view what) {
  return fail(fmt::format("expected {}, found {}", what, found()));
}

std::string JsonCursor::found() const {
  return atEnd() ? "the end" : "'" + printable({at_, 1}) + "'";
}

SyntaxError JsonCursor::error() const {
  std::string_view text(begin_, static_cast<std::size_t>(end_ - begin_));
  return {offset(), LineIndex(text).at(offset()), message_};
}

}  // namespace gatehouse::wire
