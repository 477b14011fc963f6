#include "http/h1_strict.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <utility>

#include "base/text.h"
#include "http/token.h"
#include "wire/byte_block.h"

namespace gatehouse::http {
namespace {

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
    {"host", 400, ErrorKind::kBadRequest, "Host is missing, repeated or invalid"},
    {"field", 400, ErrorKind::kBadRequest, "invalid or folded field line"},
    {"framing",
     400,
     ErrorKind::kBadRequest,
     "invalid or contradictory Content-Length and Transfer-Encoding"},
    {"chunk", 400, ErrorKind::kBadRequest, "invalid chunked coding"},
    {"status", 502, ErrorKind::kUpstreamInvalid, "invalid status code"},
    {"too_large", 431, ErrorKind::kHeadTooLarge, "request target or field section over its limit"},
    {"pseudo_field",
     400,
     ErrorKind::kBadRequest,
     "pseudo-header field missing, repeated, unknown or out of place"},
    {"connection_field",
     400,
     ErrorKind::kBadRequest,
     "a field that belongs to connections of HTTP/1.1"},
    {"expectation", 417, ErrorKind::kBadRequest, "nothing but 100-continue can be expected here"},
}};

const Row& rowOf(Violation violation) {
  return kRows[static_cast<std::size_t>(violation)];
}

// Up to a block's octets of `text`; behind a shorter one stand spaces.
wire::ByteBlock firstBlock(std::string_view text) {
  if (text.size() >= wire::ByteBlock::kSize) {
    return wire::ByteBlock(text.data());
  }
  std::array<char, wire::ByteBlock::kSize> padded;
  padded.fill(' ');
  text.copy(padded.data(), text.size());
  return wire::ByteBlock(padded.data());
}

// Any control character but tab, as ByteBlock::controls tells them.
constexpr bool isControl(char octet) {
  auto value = static_cast<std::uint8_t>(octet);
  return (value < 0x20 && octet != '\t') || value == 0x7f;
}

bool hasControl(std::string_view text) {
  while (!text.empty()) {
    if (firstBlock(text).controls() != 0) {
      return true;
    }
    text.remove_prefix(std::min(text.size(), wire::ByteBlock::kSize));
  }
  return false;
}

Checked<void> checkOctets(std::string_view text) {
  if (!hasControl(text)) {
    return {};
  }
  bool line_end = text.find('\r') != std::string_view::npos;
  return std::unexpected(line_end ? Violation::kLineEnding : Violation::kControl);
}

// The longest method and version around a target.
constexpr std::size_t kStartLineSlack = 64;

Checked<void> checkParts(std::string_view line, MessageKind kind) {
  if (kind == MessageKind::kResponse) {
    return checkStatusLine(line);
  }
  auto parts = splitRequestLine(line);
  return parts ? Checked<void>() : std::unexpected(parts.error());
}

Checked<void> checkStartLine(std::string_view line, MessageKind kind, const HeadLimits& limits) {
  if (auto checked = checkOctets(line); !checked) {
    return checked;
  }
  if (line.size() > limits.target + kStartLineSlack) {
    return std::unexpected(Violation::kTooLarge);
  }
  return checkParts(line, kind);
}

// RFC 9112 section 2.2: one empty line before a request is forgiven, as some clients end a body
// with it.
bool isForgiven(std::string_view line_begin, MessageKind kind) {
  return kind == MessageKind::kRequest && line_begin.starts_with("\r\n");
}

// "HTTP/" DIGIT "." DIGIT
Checked<void> checkVersion(std::string_view text) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !isDigit(text[5]) || text[6] != '.' ||
      !isDigit(text[7])) {
    return std::unexpected(Violation::kStartLine);
  }
  if (text[5] != '1') {
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

Error toError(Violation violation, Origin origin, Version version) {
  const Row& row = rowOf(violation);
  ErrorKind kind = origin == Origin::kUpstream ? ErrorKind::kUpstreamInvalid : row.kind;
  std::string what = "malformed HTTP/" + std::string(toString(version)) + " message: ";
  return {kind, origin, what.append(row.what)};
}

HeadEnd findHeadEnd(std::string_view text) {
  constexpr std::size_t kBlock = wire::ByteBlock::kSize;
  HeadEnd end;
  std::uint64_t before = 0;  // whether the two octets before are LFs, the last one's bit above
  for (std::size_t seen = 0; seen < text.size(); seen += kBlock) {
    std::uint64_t line_feeds = firstBlock(text.substr(seen)).equal('\n');
    std::uint64_t last = line_feeds & (line_feeds << 2 | before);
    if (last != 0) {
      auto at = static_cast<unsigned>(std::countr_zero(last));
      end.size = seen + at + 1;
      end.line_feeds += static_cast<unsigned>(std::popcount(line_feeds & (last ^ (last - 1))));
      return end;
    }
    end.line_feeds += static_cast<unsigned>(std::popcount(line_feeds));
    before = line_feeds >> (kBlock - 2);
  }
  return {};
}

Checked<std::string_view> takeStartLine(
    std::string_view head, MessageKind kind, const HeadLimits& limits
) {
  const std::string_view rest = head.substr(isForgiven(head, kind) ? 2 : 0);
  // Nearly every line ends within a block, by its first control character.
  const auto first = static_cast<std::size_t>(std::countr_zero(firstBlock(rest).controls()));
  if (rest.substr(first < rest.size() ? first : 0).starts_with("\r\n")) {
    return rest.substr(0, first);
  }
  std::string_view line = rest.substr(0, rest.find('\n'));
  if (!line.ends_with('\r')) {
    return std::unexpected(Violation::kLineEnding);
  }
  line.remove_suffix(1);
  if (auto checked = checkOctets(line); !checked) {
    return std::unexpected(checked.error());
  }
  bool too_large = line.size() > limits.target + kStartLineSlack;
  return too_large ? std::unexpected(Violation::kTooLarge) : Checked<std::string_view>(line);
}

Checked<std::size_t> HeadScan::scan(std::string_view text, const HeadLimits& limits) {
  for (; seen_ < text.size(); ++seen_) {
    char octet = text[seen_];
    bool behind_return = seen_ != 0 && text[seen_ - 1] == '\r';
    if ((octet == '\n') != behind_return) {
      return std::unexpected(Violation::kLineEnding);
    }
    if (octet != '\n') {
      if (octet != '\r' && isControl(octet)) {
        return std::unexpected(Violation::kControl);
      }
      continue;
    }
    std::string_view line = text.substr(line_begin_, seen_ - 1 - line_begin_);
    bool forgiven = seen_ == 1 && isForgiven(text, kind_);
    line_begin_ = seen_ + 1;
    if (forgiven) {
      continue;
    }
    if (auto checked = checkLine(line, limits); !checked) {
      return std::unexpected(checked.error());
    }
    if (line.empty()) {
      return ++seen_;
    }
  }
  bool too_large = section_ == 0 ? text.size() - line_begin_ > limits.target + kStartLineSlack + 1
                                 : text.size() - section_ > limits.field_section + 2 ||
                                       field_lines_ > limits.field_count;
  return too_large ? std::unexpected(Violation::kTooLarge) : Checked<std::size_t>(0);
}

Checked<void> HeadScan::checkLine(std::string_view line, const HeadLimits& limits) {
  if (section_ == 0) {
    section_ = line_begin_;
    return checkStartLine(line, kind_, limits);
  }
  field_lines_ += line.empty() ? 0 : 1;
  bool folded = line.starts_with(' ') || line.starts_with('\t');
  return folded ? std::unexpected(Violation::kField) : Checked<void>();
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
  return Fields::Field{line.substr(0, colon), trimBlanks(value)};
}

Checked<RequestLine> splitRequestLine(std::string_view line) {
  constexpr std::size_t kVersion = 8;  // octets of it
  const std::size_t method = line.find(' ');
  const std::size_t last = line.size() > kVersion ? line.size() - kVersion - 1 : 0;
  if (method >= last || line.find(' ', method + 1) != last || last == method + 1 ||
      !isToken(line.substr(0, method))) {
    return std::unexpected(Violation::kStartLine);
  }
  if (auto version = checkVersion(line.substr(last + 1)); !version) {
    return std::unexpected(version.error());
  }
  return RequestLine{line.substr(0, method), line.substr(method + 1, last - method - 1)};
}

Checked<RequestLine> splitAnyRequestLine(std::string_view line) {
  auto parts = splitRequestLine(line);
  if (parts || parts.error() != Violation::kVersion) {
    return parts;
  }
  // Nothing else is wrong with it, so there are two spaces.
  const std::size_t method = line.find(' ');
  const std::size_t last = line.rfind(' ');
  return RequestLine{line.substr(0, method), line.substr(method + 1, last - method - 1)};
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

void FramingFields::note(FieldId name, std::string_view value) {
  switch (name) {
    case FieldName("host").id():
      host = trimBlanks(value);
      ++hosts;
      return;
    case FieldName("expect").id():
      for (auto one = nextElement(value); !one.empty(); one = nextElement(value)) {
        const bool known = iequals(one, "100-continue");
        expects_continue |= known;
        expects_else |= !known;
      }
      return;
    case FieldName("connection").id():
      for (auto option = nextElement(value); !option.empty(); option = nextElement(value)) {
        connection_close |= iequals(option, "close");
        connection_keep_alive |= iequals(option, "keep-alive");
      }
      return;
    case FieldName("content-length").id():
      content_length = trimBlanks(value);
      ++content_lengths;
      return;
    case FieldName("transfer-encoding").id():
      transfer_encoding = value.substr(std::min(value.find_first_not_of(" \t"), value.size()));
      ++transfer_encodings;
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
