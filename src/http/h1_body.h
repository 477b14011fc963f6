// Bodies out of bytes (RFC 9112 sections 6.2, 6.3 and 7): a length, chunks with trailers, or all
// until the end. Pure: bytes in, runs of content out, whichever way the bytes were cut. Strict
// about chunks; see Violation::kChunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/fields.h"
#include "http/h1_strict.h"

namespace gatehouse::http {

/// Octets of one chunk's size line without its CRLF, extensions included.
inline constexpr std::size_t kChunkLine = 1024;
/// A body whose chunks are mostly framing is refused once the framing exceeds what the content
/// excuses by this much; each octet of content excuses four of framing.
inline constexpr std::uint32_t kChunkExcess = 16 * 1024;

class BodyDecoder {
 public:
  /// The limits are those of the trailer section; they are copied.
  BodyDecoder(BodyFraming framing, const HeadLimits& limits);

  struct Step {
    std::string_view content;  // a view into the bytes given; may be empty
    std::size_t taken = 0;     // octets used up, framing included
  };
  /// The next run of content. Call again with the rest until all is taken or done(); `bytes` is not
  /// empty.
  Checked<Step> next(std::string_view bytes);
  /// All content of `bytes`, moved together in place so that it is one run.
  Checked<Step> compact(std::span<char> bytes);

  /// The body is complete; what follows belongs to the next message.
  bool done() const { return state_ == State::kDone; }
  /// Whether the stream may end here: complete, or a body that ends with it.
  bool mayEnd() const { return done() || state_ == State::kUntilClose; }
  /// Content to come, when the framing tells it.
  std::optional<std::uint64_t> remaining() const;
  /// Accounts for `count` octets of a kLength body that were received without next(); at most
  /// remaining().
  void skip(std::size_t count);
  /// Null when there were none.
  const Fields* trailers() const { return trailers_ ? &trailers_->fields : nullptr; }

 private:
  enum class State : std::uint8_t {
    kLength,
    kUntilClose,
    kSize,            // hexadecimal digits
    kSizeSpace,       // spaces before an extension
    kExtensionStart,  // behind ';'
    kExtensionName,
    kValueStart,  // behind '='
    kValue,
    kQuoted,
    kQuotedPair,  // behind a backslash in quotes
    kQuotedEnd,
    kSizeEnd,  // LF of the size line
    kContent,
    kContentCr,
    kContentLf,
    kTrailers,
    kDone,
  };
  struct Trailers {
    Fields fields;
    std::string line;
    std::size_t octets = 0;
  };

  Checked<void> framingOctet(char c);
  Checked<void> sizeOctet(char c);
  Checked<void> extensionOctet(char c);
  State nextInToken(char c) const { return c == ';' ? State::kExtensionStart : state_; }
  Checked<void> sizeLineEnd(char c);
  Checked<std::size_t> trailerOctets(std::string_view bytes);
  Checked<void> trailerLine(std::string_view line);

  std::uint64_t remaining_ = 0;  // of the body (kLength) or of the chunk
  std::unique_ptr<Trailers> trailers_;
  std::uint32_t trailer_section_;
  std::uint32_t trailer_count_;
  std::uint32_t excess_ = 0;
  std::uint16_t line_size_ = 0;
  std::uint8_t digits_ = 0;
  State state_;
};

}  // namespace gatehouse::http
