// JsonCursor: walks over JSON text and checks every byte it passes (RFC 8259). The machinery of
// json_locate, and what finds the place of an error for json_read. Strings are passed 64 bytes at a
// time; no tree, no copy, no recursion.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/padded_view.h"
#include "wire/byte_block.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {

/// Every function that returns bool returns false when the text is at fault; error() then says how.
/// Owner's thread.
class JsonCursor {
 public:
  static constexpr std::size_t kMaxDepth = 1024;

  explicit JsonCursor(PaddedView text)
      : begin_(text.text().data()), at_(begin_), end_(begin_ + text.size()) {}

  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  bool atEnd() const { return at_ == end_; }
  /// The byte here, NUL at the end; NUL is no part of JSON.
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  void advance() { ++at_; }  // not at the end
  void skipSpace() {
    // Mostly none, or one behind ':' and ','. What stands behind the end can be read.
    if (isSpace(at_[0])) {
      if (at_[0] == ' ' && !isSpace(at_[1]) && !atEnd()) {
        ++at_;
      } else {
        skipSpaceRun();
      }
    }
  }

  /// At a value of any type.
  bool skipValue() { return skipPlainString() || skipOtherValue(); }
  /// At '{': passes the object. For each member, at its value, calls `take_value(key)`, which
  /// passes the value or fails; `key` as written, without its quotes.
  template <typename TakeValue>
  bool skipObject(const TakeValue& take_value);
  /// At the opening quote of a string.
  bool skipString() { return skipPlainString() || skipAnyString(); }
  /// The same where a key must stand.
  bool skipKey() { return peek() == '"' ? skipString() : failExpected("a key in double quotes"); }
  /// Spaces, ':', spaces.
  bool skipColon() {
    skipSpace();
    return skipSeparator(':') || failExpected("':' after the key");
  }
  /// ',' and spaces; `closer` would have been right as well.
  bool skipComma(char closer) {
    return skipSeparator(',') || failExpected(closer == '}' ? "',' or '}'" : "',' or ']'");
  }
  /// Only spaces are left.
  bool finish();
  /// Whether what was passed holds bytes past ASCII; that they are UTF-8 is for the caller to
  /// check.
  bool beyondAscii() const { return beyond_ascii_; }

  [[gnu::cold]] bool fail(std::string message);
  [[gnu::cold]] bool failAt(std::size_t offset, std::string message);
  /// "expected `what`, found 'x'".
  [[gnu::cold]] bool failExpected(std::string_view what);
  /// After a false; the offset counts from the text's start.
  SyntaxError error() const;

 private:
  class Nesting;

  /// Or a control character; the run knows which.
  static bool isSpace(char c) { return static_cast<unsigned char>(c) <= ' '; }
  bool skipPlainString();
  bool skipAnyString();
  bool skipOtherValue();
  void skipSpaceRun();
  bool skipContainer();
  bool openContainer(Nesting& nesting);
  void closeContainers(Nesting& nesting);
  bool skipScalar();
  bool skipNumber();
  bool skipFraction();
  bool skipDigits(std::string_view wanted);
  template <std::size_t N>
  bool skipWord(const char (&word)[N]);
  bool skipSeparator(char wanted) {
    if (peek() != wanted) {
      return false;
    }
    ++at_;
    skipSpace();
    return true;
  }
  [[gnu::cold]] bool failString(const char* opening_quote);
  std::string found() const;

  const char* begin_;
  const char* at_;
  const char* end_;
  bool beyond_ascii_ = false;
  std::string message_;
};

template <typename TakeValue>
bool JsonCursor::skipObject(const TakeValue& take_value) {
  ++at_;
  skipSpace();
  if (peek() == '}') {
    ++at_;
    return true;
  }
  while (true) {
    const char* quote = at_;
    if (!skipKey()) {
      return false;
    }
    std::string_view key(quote + 1, static_cast<std::size_t>(at_ - quote) - 2);
    if (!skipColon() || !take_value(key)) {
      return false;
    }
    skipSpace();
    if (peek() == '}') {
      ++at_;
      return true;
    }
    if (!skipComma('}')) {
      return false;
    }
  }
}

/// Passes a string that ends within half a block and is ASCII without escapes, as keys and most
/// values are.
inline bool JsonCursor::skipPlainString() {
  if (peek() != '"') {
    return false;
  }
  HalfBlock block(at_ + 1);
  std::uint32_t closing = block.equal('"');
  std::uint32_t inside = closing ^ (closing - 1);
  const char* behind = at_ + 2 + std::countr_zero(closing);
  if (closing == 0 || behind > end_ || ((block.equal('\\') | block.unusual()) & inside) != 0) {
    return false;
  }
  at_ = behind;
  return true;
}

}  // namespace gatehouse::wire
