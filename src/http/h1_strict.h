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
  kLineEnding,       // a CR or LF that is not part of CRLF
  kControl,          // NUL or another control character
  kStartLine,        // neither a request line nor a status line; HTTP/0.9
  kVersion,          // a major version other than 1                         505
  kMethod,           // a method the parser does not know                    501
  kTarget,           // no valid or no unambiguous request target
  kHost,             // Host missing, repeated or invalid
  kField,            // name no token, space before the colon, no colon, folding
  kFraming,          // Content-Length and Transfer-Encoding: malformed, repeated, both
  kChunk,            // chunk syntax, size overflow, endless extensions, more framing than content
  kStatus,           // status code outside 100-599, or 101 that nobody asked for
  kTooLarge,         // target, field section or number of fields over its limit  431
  kPseudoField,      // HTTP/2: a pseudo-header field missing, repeated, unknown or out of place
  kConnectionField,  // HTTP/2: a field that belongs to HTTP/1.1 connections
  kExpectation,      // Expect: anything but 100-continue                         417
};
inline constexpr std::size_t kViolations = 15;

/// snake_case, for counters and error details.
std::string_view toString(Violation violation);
/// A few words for the client or the operator.
std::string_view describe(Violation violation);
/// The status of the reply to a request with it.
Status statusOf(Violation violation);
/// As an error of the request (kBadRequest, kHeadTooLarge, kNotSupported) or of the upstream
/// (kUpstreamInvalid).
Error toError(Violation violation, Origin origin, Version version = Version::kHttp11);

template <typename T>
using Checked = std::expected<T, Violation>;

struct HeadLimits {
  std::size_t target = 16 * 1024;
  std::size_t field_section = 64 * 1024;
  std::size_t field_count = 100;
};

enum class MessageKind : std::uint8_t { kRequest, kResponse };

/// Where a head ends, for the reader that checks it afterwards: at an LF that one octet parts from
/// the LF before. `size` is 0 if there is none.
struct HeadEnd {
  std::size_t size = 0;
  std::size_t line_feeds = 0;  // within
};
HeadEnd findHeadEnd(std::string_view text);

/// The start line of a whole head, without its CRLF and the empty line that is forgiven before a
/// request; no control characters in it. Its parts are not looked at.
Checked<std::string_view> takeStartLine(
    std::string_view head, MessageKind kind, const HeadLimits& limits
);

/// Watches over a head that comes in pieces: finds its end, and what will be wrong with it however
/// it goes on, so that rubbish need not be waited for. The text is handed over from its first octet
/// on, each time with what came since.
class HeadScan {
 public:
  explicit HeadScan(MessageKind kind) : kind_(kind) {}

  /// The size of the head with its final empty line, or 0 when the end has not come yet.
  Checked<std::size_t> scan(std::string_view text, const HeadLimits& limits);

 private:
  Checked<void> checkLine(std::string_view line, const HeadLimits& limits);

  std::size_t seen_ = 0;        // octets looked at
  std::size_t line_begin_ = 0;  // of the line not ended yet
  std::size_t section_ = 0;     // where it begins; 0 until the start line has ended
  std::size_t field_lines_ = 0;
  MessageKind kind_;
};

/// The parts of a request line that is right but for what the target says. Views into the line.
struct RequestLine {
  std::string_view method;
  std::string_view target;
};
/// Method SP request-target SP "HTTP/1." DIGIT, single spaces.
Checked<RequestLine> splitRequestLine(std::string_view line);
/// The same of a line whose version may be any.
Checked<RequestLine> splitAnyRequestLine(std::string_view line);
/// "HTTP/1." DIGIT SP 3DIGIT [ SP reason ].
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
  bool expects_else = false;

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
