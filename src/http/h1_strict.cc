#include "http/h1_strict.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"
#include "http/token.h"
#include "wire/byte_block.h"

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

using Octet = std::uint8_t;

// Whether `test` is not 0 for any of `count` positions. In blocks, without a branch per octet and
// in octets only, so that the compiler turns a block into a few wide compares.
template <typename Test>
bool anyOctet(const char* begin, std::size_t count, Test test) {
  constexpr std::size_t kBlock = 32;
  Octet found = 0;
  std::size_t at = 0;
  for (; at + kBlock <= count; at += kBlock) {
    for (std::size_t i = 0; i < kBlock; ++i) {
      found |= test(begin + at + i);
    }
  }
  for (; at < count; ++at) {
    found |= test(begin + at);
  }
  return found != 0;
}

// Any control character but tab.
bool hasControl(std::string_view text) {
  return anyOctet(text.data(), text.size(), [](const char* at) -> Octet {
    auto octet = static_cast<Octet>(*at);
    Octet low = octet < 0x20;
    Octet other = octet != '\t';
    Octet del = octet == 0x7f;
    return static_cast<Octet>((low & other) | del);
  });
}

Checked<void> checkOctets(std::string_view text) {
  if (!hasControl(text)) {
    return {};
  }
  bool line_end = text.find('\r') != std::string_view::npos;
  return std::unexpected(line_end ? Violation::kLineEnding : Violation::kControl);
}

// Of lines whose LFs have their CRs: no control characters besides those and tabs, and no CR
// without its LF. What comes behind the last octet is not known.
Checked<void> checkLines(std::string_view text) {
  std::uint64_t controls = 0;
  std::uint64_t bare = 0;
  std::uint64_t carry = 0;  // the octet before was a CR
  auto look = [&](const wire::ByteBlock& block, std::uint64_t within) {
    std::uint64_t cr = block.equal('\r');
    std::uint64_t lf = block.equal('\n');
    controls |= (block.below(0x20) & ~(cr | lf | block.equal('\t'))) | block.equal(0x7f);
    bare |= (cr << 1 | carry) & ~lf & within;
    carry = cr >> 63;
  };
  constexpr std::size_t kBlock = wire::ByteBlock::kSize;
  while (text.size() >= kBlock) {
    look(wire::ByteBlock(text.data()), ~std::uint64_t{0});
    text.remove_prefix(kBlock);
  }
  std::array<char, kBlock> padded;
  padded.fill(' ');
  text.copy(padded.data(), text.size());
  look(wire::ByteBlock(padded.data()), (std::uint64_t{1} << text.size()) - 1);
  if (controls != 0) {
    return std::unexpected(Violation::kControl);
  }
  return bare != 0 ? std::unexpected(Violation::kLineEnding) : Checked<void>();
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
  std::size_t before = seen_;
  for (;;) {
    std::size_t newline = findOctet(text, '\n', seen_);
    if (newline == std::string_view::npos) {
      auto checked = checkUnfinished(text, before, limits);
      seen_ = text.size();
      return checked ? Checked<std::size_t>(0) : std::unexpected(checked.error());
    }
    if (newline == line_begin_ || text[newline - 1] != '\r') {
      return std::unexpected(Violation::kLineEnding);
    }
    std::string_view line = text.substr(line_begin_, newline - 1 - line_begin_);
    seen_ = line_begin_ = newline + 1;
    if (line.empty() && lines_ != 0) {
      auto checked = checkLines(text.substr(0, line_begin_));
      return checked ? Checked<std::size_t>(line_begin_) : std::unexpected(checked.error());
    }
    // RFC 9112 section 2.2: one empty line before a request is forgiven, as some clients end a body
    // with it.
    if (line.empty() && line_begin_ == 2 && kind_ == MessageKind::kRequest) {
      start_line_ = line_begin_;
      continue;
    }
    auto checked = ++lines_ == 1 ? checkStartLine(line, limits) : checkFieldLine(line, limits);
    if (!checked) {
      return std::unexpected(checked.error());
    }
  }
}

// What will be wrong with the head however it goes on, so that rubbish need not be waited for.
Checked<void> HeadScan::checkUnfinished(
    std::string_view text, std::size_t checked, const HeadLimits& limits
) const {
  bool too_large = lines_ == 0 ? text.size() - line_begin_ > limits.target + kStartLineSlack + 1
                               : text.size() - sectionBegin() > limits.field_section + 2;
  if (too_large) {
    return std::unexpected(Violation::kTooLarge);
  }
  // One octet back: a CR may have been the last.
  return checkLines(text.substr(checked == 0 ? 0 : checked - 1));
}

Checked<void> HeadScan::checkStartLine(std::string_view line, const HeadLimits& limits) {
  start_line_size_ = line.size();
  if (line.size() > limits.target + kStartLineSlack) {
    return std::unexpected(Violation::kTooLarge);
  }
  if (auto checked = checkOctets(line); !checked) {
    return checked;
  }
  return kind_ == MessageKind::kRequest ? checkRequestLine(line) : checkStatusLine(line);
}

// Names are checked where they are told from values, octets once the head is whole.
Checked<void> HeadScan::checkFieldLine(std::string_view line, const HeadLimits& limits) const {
  if (line_begin_ - sectionBegin() > limits.field_section || fieldLines() > limits.field_count) {
    return std::unexpected(Violation::kTooLarge);
  }
  bool folded = line.front() == ' ' || line.front() == '\t';
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

Checked<void> checkRequestLine(std::string_view line) {
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || !isToken(line.substr(0, first)) ||
      line.find(' ', first + 1) != last || last == first + 1) {
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

void FramingFields::note(FieldId name, std::string_view value) {
  switch (name) {
    case FieldName("host").id():
      host = trimBlanks(value);
      ++hosts;
      return;
    case FieldName("expect").id():
      expects_continue |= iequals(trimBlanks(value), "100-continue");
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
