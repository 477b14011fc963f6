#include "http/h1_strict.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "http/token.h"

namespace gatehouse::http {
namespace {

// The longest method and version around a target.
constexpr std::size_t kStartLineSlack = 64;

struct Row {
  std::string_view name;
  Status status;
  ErrorKind kind;
  std::string_view what;
};
constexpr std::array<Row, kViolations> kRows = {{
    {"line_ending", 400, ErrorKind::kBadRequest, "a line does not end with CRLF"},
    {"control_character", 400, ErrorKind::kBadRequest, "control character in the head"},
    {"start_line", 400, ErrorKind::kBadRequest, "the first line is not that of an HTTP/1.1 message"
    },
    {"version", 505, ErrorKind::kBadRequest, "only HTTP/1.1 and HTTP/1.0 are spoken here"},
    {"method", 501, ErrorKind::kNotSupported, "unknown method"},
    {"target", 400, ErrorKind::kBadRequest, "invalid request target"},
    {"host", 400, ErrorKind::kBadRequest, "Host is missing, repeated, invalid or not the target's"},
    {"field", 400, ErrorKind::kBadRequest, "invalid or folded field line"},
    {"framing",
     400,
     ErrorKind::kBadRequest,
     "invalid or contradictory Content-Length and Transfer-Encoding"},
    {"chunk", 400, ErrorKind::kBadRequest, "invalid chunked coding"},
    {"status", 502, ErrorKind::kUpstreamInvalid, "invalid status code"},
    {"too_large", 431, ErrorKind::kHeadTooLarge, "request target or field section over its limit"},
}};

const Row& rowOf(Violation violation) {
  return kRows[static_cast<std::size_t>(violation)];
}

// Any control character but tab. Without a branch per octet, so that the compiler turns it into
// wide compares.
bool hasControl(std::string_view text) {
  unsigned found = 0;
  for (char c : text) {
    auto octet = static_cast<std::uint8_t>(c);
    found |= static_cast<unsigned>(octet < 0x20) & static_cast<unsigned>(octet != '\t');
    found |= static_cast<unsigned>(octet == 0x7f);
  }
  return found != 0;
}

Checked<void> checkOctets(std::string_view text) {
  if (!hasControl(text)) {
    return {};
  }
  bool line_end = text.find('\r') != std::string_view::npos;
  return std::unexpected(line_end ? Violation::kLineEnding : Violation::kControl);
}

// "HTTP/" DIGIT "." DIGIT
Checked<void> checkVersion(std::string_view text) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !isDigit(text[5]) || text[6] != '.' ||
      !isDigit(text[7])) {
    return std::unexpected(Violation::kStartLine);
  }
  if (text[5] != '1' || text[7] > '1') {
    return std::unexpected(Violation::kVersion);
  }
  return {};
}

// Content-Length and Transfer-Encoding as far as requests and responses agree: nothing when neither
// is there.
Checked<BodyFraming> declaredFraming(const FramingFields& fields, Version version) {
  if (fields.transfer_encodings != 0) {
    // A coding we do not undo, a list, a second line, a length beside it, or a version that has no
    // codings: each is a way to make two readers see two messages.
    bool plain = fields.transfer_encodings == 1 && fields.content_lengths == 0 &&
                 iequals(fields.transfer_encoding, "chunked") && version != Version::kHttp10;
    if (!plain) {
      return std::unexpected(Violation::kFraming);
    }
    return BodyFraming{BodyFraming::Kind::kChunked};
  }
  if (fields.content_lengths > 1) {
    return std::unexpected(Violation::kFraming);
  }
  if (fields.content_lengths == 1) {
    auto length = parseContentLength(fields.content_length);
    if (!length) {
      return std::unexpected(length.error());
    }
    auto kind = *length == 0 ? BodyFraming::Kind::kNone : BodyFraming::Kind::kLength;
    return BodyFraming{kind, *length};
  }
  return BodyFraming{};
}

}  // namespace

std::string_view toString(Violation violation) {
  return rowOf(violation).name;
}

std::string_view describe(Violation violation) {
  return rowOf(violation).what;
}

Status statusOf(Violation violation) {
  return rowOf(violation).status;
}

Error toError(Violation violation, Origin origin) {
  const Row& row = rowOf(violation);
  ErrorKind kind = origin == Origin::kUpstream ? ErrorKind::kUpstreamInvalid : row.kind;
  return {kind, origin, "malformed HTTP/1.1 message: " + std::string(row.what)};
}

Checked<std::size_t> HeadScan::scan(std::string_view text, const HeadLimits& limits) {
  for (;;) {
    std::size_t newline = text.find('\n', seen_);
    if (newline == std::string_view::npos) {
      auto checked = checkPartialLine(text, limits);
      seen_ = text.size();
      return checked ? Checked<std::size_t>(0) : std::unexpected(checked.error());
    }
    std::string_view line = text.substr(line_begin_, newline - line_begin_);
    if (!line.ends_with('\r')) {
      return std::unexpected(Violation::kLineEnding);
    }
    line.remove_suffix(1);
    std::size_t begin = line_begin_;
    seen_ = line_begin_ = newline + 1;
    if (line.empty() && lines_ != 0) {
      return line_begin_;
    }
    // RFC 9112 section 2.2: one empty line before a message is forgiven, as some clients end a body
    // with it.
    if (line.empty() && begin == 0) {
      start_line_ = line_begin_;
      continue;
    }
    if (auto checked = checkLine(line, limits); !checked) {
      return std::unexpected(checked.error());
    }
  }
}

// What will be wrong with the line however it goes on, so that rubbish need not be waited for.
Checked<void> HeadScan::checkPartialLine(std::string_view text, const HeadLimits& limits) const {
  std::string_view fresh = text.substr(std::max(seen_, line_begin_));
  bool line_goes_on_after_cr = seen_ > line_begin_ && text[seen_ - 1] == '\r' && !fresh.empty();
  if (line_goes_on_after_cr) {
    return std::unexpected(Violation::kLineEnding);
  }
  if (fresh.ends_with('\r')) {
    fresh.remove_suffix(1);
  }
  std::size_t section_begin = start_line_ + start_line_size_ + 2;
  bool too_large = lines_ == 0 ? text.size() - line_begin_ > limits.target + kStartLineSlack + 1
                               : text.size() - section_begin > limits.field_section + 2;
  return too_large ? std::unexpected(Violation::kTooLarge) : checkOctets(fresh);
}

Checked<void> HeadScan::checkLine(std::string_view line, const HeadLimits& limits) {
  if (++lines_ == 1) {
    if (line.empty()) {
      return std::unexpected(Violation::kStartLine);
    }
    start_line_size_ = line.size();
    bool too_large = line.size() > limits.target + kStartLineSlack;
    return too_large ? std::unexpected(Violation::kTooLarge) : checkOctets(line);
  }
  std::size_t section_begin = start_line_ + start_line_size_ + 2;
  if (line_begin_ - section_begin > limits.field_section || fieldLines() > limits.field_count) {
    return std::unexpected(Violation::kTooLarge);
  }
  auto parts = splitFieldLine(line);
  return parts ? Checked<void>() : std::unexpected(parts.error());
}

Checked<Fields::Field> splitFieldLine(std::string_view line) {
  std::size_t colon = line.find(':');
  // No token holds white space, so this refuses folding and a space before the colon as well.
  if (colon == std::string_view::npos || !isToken(line.substr(0, colon))) {
    return std::unexpected(Violation::kField);
  }
  std::string_view value = line.substr(colon + 1);
  if (auto checked = checkOctets(value); !checked) {
    return std::unexpected(checked.error());
  }
  return Fields::Field{line.substr(0, colon), trim(value)};
}

Checked<void> checkRequestLine(std::string_view line) {
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !isToken(line.substr(0, first)) ||
      line.find(' ', first + 1) != last || last == first + 1 || hasControl(line)) {
    return std::unexpected(Violation::kStartLine);
  }
  return checkVersion(line.substr(last + 1));
}

Checked<void> checkStatusLine(std::string_view line) {
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) {
    return std::unexpected(Violation::kStartLine);
  }
  if (auto version = checkVersion(line.substr(0, 8)); !version) {
    return version;
  }
  if (!isDigit(line[9]) || !isDigit(line[10]) || !isDigit(line[11])) {
    return std::unexpected(Violation::kStartLine);
  }
  return line[9] >= '1' && line[9] <= '5' ? Checked<void>() : std::unexpected(Violation::kStatus);
}

bool isFieldValue(std::string_view text) {
  return !hasControl(text);
}

Checked<std::uint64_t> parseContentLength(std::string_view text) {
  constexpr std::uint64_t kMost = (std::uint64_t{1} << 63) - 1;
  auto length = parseUnsigned(text, kMost);
  if (!length) {
    return std::unexpected(Violation::kFraming);
  }
  return *length;
}

void FramingFields::note(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4:
      if (iequals(name, "Host")) {
        host = value;
        ++hosts;
      }
      return;
    case 6:
      expects_continue |= iequals(name, "Expect") && iequals(value, "100-continue");
      return;
    case 10:
      if (iequals(name, "Connection")) {
        connection_close |= listHas(value, "close");
        connection_keep_alive |= listHas(value, "keep-alive");
      }
      return;
    case 14:
      if (iequals(name, "Content-Length")) {
        content_length = value;
        ++content_lengths;
      }
      return;
    case 17:
      if (iequals(name, "Transfer-Encoding")) {
        transfer_encoding = value;
        ++transfer_encodings;
      }
      return;
    default:
      return;
  }
}

Checked<BodyFraming> requestFraming(const FramingFields& fields, Version version) {
  return declaredFraming(fields, version);
}

Checked<BodyFraming> responseFraming(
    const FramingFields& fields, Version version, Status status, Method asked
) {
  auto declared = declaredFraming(fields, version);
  if (!declared) {
    return declared;
  }
  bool bodiless = status < 200 || status == 204;
  if (bodiless && declared->kind != BodyFraming::Kind::kNone) {
    return std::unexpected(Violation::kFraming);
  }
  if (bodiless || status == 304 || asked == Method::kHead) {
    return BodyFraming{};
  }
  bool undeclared = fields.content_lengths == 0 && fields.transfer_encodings == 0;
  return undeclared ? BodyFraming{BodyFraming::Kind::kUntilClose} : *declared;
}

bool keepsAlive(const FramingFields& fields, Version version) {
  return !fields.connection_close && (version != Version::kHttp10 || fields.connection_keep_alive);
}

}  // namespace gatehouse::http
