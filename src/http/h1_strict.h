// What we refuse in a message (RFC 9112): line endings, control characters, white space around
// names, folding, limits, and every contradiction about where a body ends. No reader that we know
// takes less; the fuzzer holds us against llhttp. Pure; a message is checked the same whichever way
// its bytes were cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "base/error.h"
#include "http/head.h"

namespace gatehouse::http {

/// What is wrong with a message, as finely as counters and replies tell it apart.
enum class Violation : std::uint8_t {
  kLineEnding,  // a CR or LF that is not part of CRLF
  kControl,     // NUL or another control character
  kStartLine,   // neither a request line nor a status line; HTTP/0.9
  kVersion,     // a version other than 1.0 and 1.1                     505
  kMethod,      // a method the parser does not know                    501
  kTarget,      // no valid or no unambiguous request target
  kHost,        // Host missing, repeated, invalid, or not the target's
  kField,       // name no token, space before the colon, no colon, folding
  kFraming,     // Content-Length and Transfer-Encoding: malformed, repeated, both
  kChunk,       // chunk syntax, size overflow, endless extensions, more framing than content
  kStatus,      // status code outside 100-599, or 101 that nobody asked for
  kTooLarge,    // target, field section or number of fields over its limit  431
};
inline constexpr std::size_t kViolations = 12;

/// snake_case, for counters and error details.
std::string_view toString(Violation violation);
/// A few words for the client or the operator.
std::string_view describe(Violation violation);
/// The status of the reply to a request with it.
Status statusOf(Violation violation);
/// As an error of the request (kBadRequest, kHeadTooLarge, kNotSupported) or of the upstream
/// (kUpstreamInvalid).
Error toError(Violation violation, Origin origin);

template <typename T>
using Checked = std::expected<T, Violation>;

struct HeadLimits {
  std::size_t target = 16 * 1024;
  std::size_t field_section = 64 * 1024;
  std::size_t field_count = 100;
};

enum class MessageKind : std::uint8_t { kRequest, kResponse };

/// Finds the end of a head while checking its lines: their ends, their octets, the start line,
/// folding, and the limits. The text is handed over from its first octet on, each time with what
/// came since.
class HeadScan {
 public:
  explicit HeadScan(MessageKind kind) : kind_(kind) {}

  /// The size of the head with its final empty line, or 0 when the end has not come yet.
  Checked<std::size_t> scan(std::string_view text, const HeadLimits& limits);

  /// Of a finished scan: the start line without its CRLF begins at startLine() and is this long.
  std::size_t startLine() const { return start_line_; }
  std::size_t startLineSize() const { return start_line_size_; }
  std::size_t sectionBegin() const { return start_line_ + start_line_size_ + 2; }
  std::size_t fieldLines() const { return lines_ == 0 ? 0 : lines_ - 1; }

 private:
  Checked<bool> endLine(std::string_view text, std::size_t line_feed, const HeadLimits& limits);
  Checked<void> checkStartLine(std::string_view line, const HeadLimits& limits);
  Checked<void> checkUnfinished(std::string_view text, const HeadLimits& limits) const;

  std::size_t seen_ = 0;        // octets looked at
  std::size_t line_begin_ = 0;  // of the line not ended yet
  std::size_t start_line_ = 0;
  std::size_t start_line_size_ = 0;
  std::size_t lines_ = 0;
  MessageKind kind_;
  bool after_return_ = false;  // the last octet seen is a CR
};

/// Method SP request-target SP "HTTP/1." ( "0" / "1" ), single spaces.
Checked<void> checkRequestLine(std::string_view line);
/// "HTTP/1." ( "0" / "1" ) SP 3DIGIT [ SP reason ].
Checked<void> checkStatusLine(std::string_view line);

/// No control characters but tab.
bool isFieldValue(std::string_view text);

/// Token ":" OWS value OWS, without its CRLF. Views into `line`.
Checked<Fields::Field> splitFieldLine(std::string_view line);

/// Digits and nothing else, at most 2^63 - 1.
Checked<std::uint64_t> parseContentLength(std::string_view text);

/// Where the body ends (RFC 9112 section 6.3). `length` counts only for kLength and is not 0 then.
struct BodyFraming {
  enum class Kind : std::uint8_t { kNone, kLength, kChunked, kUntilClose };
  Kind kind = Kind::kNone;
  std::uint64_t length = 0;

  bool operator==(const BodyFraming&) const = default;
};

/// What the field lines say about the message itself, gathered while they are read. Views into the
/// head's octets.
struct FramingFields {
  std::string_view host;
  std::string_view content_length;
  std::string_view transfer_encoding;
  std::size_t hosts = 0;
  std::size_t content_lengths = 0;
  std::size_t transfer_encodings = 0;
  bool connection_close = false;
  bool connection_keep_alive = false;
  bool expects_continue = false;

  static constexpr FieldSet kNoted = {
      "host", "expect", "connection", "content-length", "transfer-encoding"
  };
  /// Takes note of one field line of these. Around `value` its white space is still there: a
  /// Transfer-Encoding with any behind it is read in different ways by different readers.
  void note(FieldId name, std::string_view value);
};

Checked<BodyFraming> requestFraming(const FramingFields& fields, Version version);
/// `asked` is the method of the request answered. A 1xx has no body.
Checked<BodyFraming> responseFraming(
    const FramingFields& fields, Version version, Status status, Method asked
);

/// Whether another message may follow on the connection (RFC 9112 section 9.3).
bool keepsAlive(const FramingFields& fields, Version version);

}  // namespace gatehouse::http
