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

// The octets of a head that scan() looks at together, bit i for octet i.
struct HeadBlock {
  std::uint64_t line_feeds;
  std::uint64_t returns;
  std::uint64_t controls;
};

HeadBlock lookAt(const wire::ByteBlock& block) {
  std::uint64_t returns = block.equal('\r');
  std::uint64_t line_feeds = block.equal('\n');
  return {line_feeds, returns, block.controls() & ~(returns | line_feeds)};
}

// Of up to a block's octets, followed by spaces.
HeadBlock lookAtLast(std::string_view text) {
  std::array<char, wire::ByteBlock::kSize> padded;
  padded.fill(' ');
  text.copy(padded.data(), text.size());
  return lookAt(wire::ByteBlock(padded.data()));
}

constexpr std::uint64_t firstBits(std::size_t count) {
  return count < 64 ? (std::uint64_t{1} << count) - 1 : ~std::uint64_t{0};
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
  constexpr std::size_t kBlock = wire::ByteBlock::kSize;
  while (seen_ < text.size()) {
    std::size_t count = std::min(kBlock, text.size() - seen_);
    HeadBlock block = count == kBlock ? lookAt(wire::ByteBlock(text.data() + seen_))
                                      : lookAtLast(text.substr(seen_));
    // An LF without its CR, or a CR without its LF; what follows the last octet is not known yet.
    std::uint64_t behind_return = block.returns << 1 | std::uint64_t{after_return_};
    std::uint64_t bare = (block.line_feeds ^ behind_return) & firstBits(count);
    std::uint64_t faults = block.controls | bare;
    std::uint64_t before_faults = (faults & -faults) - 1;
    std::uint64_t ends = block.line_feeds & before_faults;
    for (; ends != 0; ends &= ends - 1) {
      auto ended = endLine(text, seen_ + static_cast<std::size_t>(std::countr_zero(ends)), limits);
      if (!ended) {
        return std::unexpected(ended.error());
      }
      if (*ended) {
        seen_ = line_begin_;
        return line_begin_;
      }
    }
    if (faults != 0) {
      bool control = (block.controls & (before_faults + 1)) != 0;
      return std::unexpected(control ? Violation::kControl : Violation::kLineEnding);
    }
    after_return_ = (block.returns >> (count - 1) & 1) != 0;
    seen_ += count;
  }
  auto checked = checkUnfinished(text, limits);
  return checked ? Checked<std::size_t>(0) : std::unexpected(checked.error());
}

// The line that ends with the LF there. True if it is the empty one that ends the head.
Checked<bool> HeadScan::endLine(
    std::string_view text, std::size_t line_feed, const HeadLimits& limits
) {
  std::size_t begin = std::exchange(line_begin_, line_feed + 1);
  std::size_t size = line_feed - 1 - begin;
  if (lines_ == 0) {
    // RFC 9112 section 2.2: one empty line before a request is forgiven, as some clients end a body
    // with it.
    if (size == 0 && begin == 0 && kind_ == MessageKind::kRequest) {
      start_line_ = line_begin_;
      return false;
    }
    lines_ = 1;
    auto checked = checkStartLine(text.substr(begin, size), limits);
    return checked ? Checked<bool>(false) : std::unexpected(checked.error());
  }
  if (size == 0) {
    bool too_large =
        begin - sectionBegin() > limits.field_section || fieldLines() > limits.field_count;
    return too_large ? std::unexpected(Violation::kTooLarge) : Checked<bool>(true);
  }
  ++lines_;
  bool folded = text[begin] == ' ' || text[begin] == '\t';
  return folded ? std::unexpected(Violation::kField) : Checked<bool>(false);
}

// What will be wrong with the head however it goes on, so that rubbish need not be waited for.
Checked<void> HeadScan::checkUnfinished(std::string_view text, const HeadLimits& limits) const {
  bool too_large = lines_ == 0 ? text.size() - line_begin_ > limits.target + kStartLineSlack + 1
                               : text.size() - sectionBegin() > limits.field_section + 2 ||
                                     fieldLines() > limits.field_count;
  return too_large ? std::unexpected(Violation::kTooLarge) : Checked<void>();
}

Checked<void> HeadScan::checkStartLine(std::string_view line, const HeadLimits& limits) {
  start_line_size_ = line.size();
  if (line.size() > limits.target + kStartLineSlack) {
    return std::unexpected(Violation::kTooLarge);
  }
  return kind_ == MessageKind::kRequest ? checkRequestLine(line) : checkStatusLine(line);
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
