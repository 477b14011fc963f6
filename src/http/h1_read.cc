#include "http/h1_read.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "base/text.h"
#include "http/target.h"
#include "http/token.h"
#include "wire/byte_block.h"

namespace gatehouse::http {
namespace {

constexpr wire::ByteClass kToken(kTokenOctets);

// Why a line must not go on with the octet at `at`.
Violation violationAt(const char* at) {
  if (at[0] == '\r' || at[0] == '\n') {
    return at[0] == '\r' && at[1] == '\n' ? Violation::kField : Violation::kLineEnding;
  }
  bool control = (wire::HalfBlock(at).controls() & 1) != 0;
  return control ? Violation::kControl : Violation::kField;
}

// Reads the line at `at`, of a section where a block's octets can be read from anywhere. Gives the
// begin of the next. A request's Host is its authority, and not among its fields.
Checked<const char*> takeLine(
    const char* at, MessageKind kind, FramingFields& framing, Fields::Receiver& out
) {
  // No token holds white space, so this refuses folding and a space before the colon as well.
  wire::HalfBlock first(at);
  auto size = static_cast<std::size_t>(std::countr_one(first.in(kToken)));
  while (size >= wire::HalfBlock::kSize && kTokenOctet[static_cast<std::uint8_t>(at[size])]) {
    ++size;
  }
  if (size == 0 || at[size] != ':') {
    return std::unexpected(violationAt(at + size));
  }
  if (size > Fields::kLongestName) {
    return std::unexpected(Violation::kTooLarge);
  }
  std::string_view name(at, size);
  FieldId id = fieldIdOf(name, first);
  const char* from = at + size + 1;
  const char* end = from;
  std::uint32_t found = wire::HalfBlock(end).controls();
  while (found == 0) {
    end += wire::HalfBlock::kSize;
    found = wire::HalfBlock(end).controls();
  }
  end += std::countr_zero(found);
  if (end[0] != '\r' || end[1] != '\n') {
    return std::unexpected(violationAt(end));
  }
  std::string_view value(from, static_cast<std::size_t>(end - from));
  if (FramingFields::kNoted.has(id)) {
    framing.note(id, value);
    if (kind == MessageKind::kRequest && id == FieldName("host").id()) {
      return end + 2;
    }
  }
  // As nearly everybody writes it: one space and no other blank around the value. What is left
  // below a space is a tab.
  auto isBlankHere = [](char c) { return static_cast<std::uint8_t>(c) <= ' '; };
  bool as_written =
      end - from >= 2 && from[0] == ' ' && !isBlankHere(from[1]) && !isBlankHere(end[-1]);
  out.add(name, id, as_written ? value.substr(1) : trimBlanks(value), as_written);
  return end + 2;
}

// RFC 9110 section 2.5: a higher minor version than ours is read as ours.
Version versionOf(char minor) {
  return minor == '0' ? Version::kHttp10 : Version::kHttp11;
}

// RFC 9112 section 3.2: exactly one Host in 1.1, which does not count where the target has an
// authority of its own.
Checked<void> resolveTarget(std::string_view text, const FramingFields& framing, RequestHead& out) {
  auto target = parseTarget(out.method, text);
  if (!target) {
    return std::unexpected(Violation::kTarget);
  }
  auto host = parseAuthority(framing.host);
  if (framing.hosts > 1 || !host || (framing.hosts == 0 && out.version != Version::kHttp10)) {
    return std::unexpected(Violation::kHost);
  }
  out.authority = target->authority.empty() ? framing.host : target->authority;
  out.target = std::move(target->origin);
  return {};
}

}  // namespace

Checked<HeadReader::Step> HeadReader::push(std::string_view bytes, const HeadLimits& limits) {
  std::size_t before = pending_.size();
  if (before == 0) {
    HeadEnd end = findHeadEnd(bytes);
    if (end.size != 0) {
      whole_ = bytes.substr(0, end.size);
      line_feeds_ = end.line_feeds;
      return Step{.taken = end.size, .complete = true};
    }
  }
  pending_.append(bytes);
  auto size = scan_.scan(pending_, limits);
  if (!size) {
    return std::unexpected(size.error());
  }
  if (*size == 0) {
    return Step{.taken = bytes.size(), .complete = false};
  }
  pending_.resize(*size);
  line_feeds_ = findHeadEnd(pending_).line_feeds;
  return Step{.taken = *size - before, .complete = true};
}

bool HeadReader::started() const {
  return !whole_.empty() || (!pending_.empty() && pending_ != "\r" && pending_ != "\r\n");
}

void HeadReader::reset() {
  scan_ = HeadScan(kind_);
  whole_ = {};
  std::string().swap(pending_);
}

// All field lines, which lie between the start line's CRLF and that of the final empty line.
Checked<FramingFields> HeadReader::readSection(
    std::string_view start_line, const HeadLimits& limits, Fields& out
) const {
  static_assert(Fields::kSlack >= wire::HalfBlock::kSize);
  std::string_view all = taken();
  auto begin = static_cast<std::size_t>(start_line.data() - all.data()) + start_line.size() + 2;
  std::size_t other_lines = start_line.data() == all.data() ? 2 : 3;
  std::size_t lines = line_feeds_ - std::min(line_feeds_, other_lines);
  if (all.size() - begin - 2 > limits.field_section || lines > limits.field_count) {
    return std::unexpected(Violation::kTooLarge);
  }
  Fields::Receiver received(out, all.substr(begin), lines);
  FramingFields framing;
  const char* at = received.text().data();
  const char* end = at + received.text().size() - 2;
  while (at < end) {
    auto next = takeLine(at, kind_, framing, received);
    if (!next) {
      return std::unexpected(next.error());
    }
    at = *next;
  }
  received.finish();
  // It was found by its LF only.
  return *end == '\r' ? Checked<FramingFields>(framing) : std::unexpected(Violation::kLineEnding);
}

Checked<MessageFraming> HeadReader::parseRequest(const HeadLimits& limits, RequestHead& out) const {
  auto start_line = takeStartLine(taken(), kind_, limits);
  if (!start_line) {
    return std::unexpected(start_line.error());
  }
  std::string_view line = *start_line;
  auto parts = splitRequestLine(line);
  if (!parts) {
    return std::unexpected(parts.error());
  }
  out.version = versionOf(line.back());
  out.method = methodFrom(parts->method);
  if (out.method == Method::kOther) {
    if (!isServedMethod(parts->method)) {
      return std::unexpected(Violation::kMethod);
    }
    out.method_text = parts->method;
  }
  auto framing = readSection(line, limits, out.fields);
  if (!framing) {
    return std::unexpected(framing.error());
  }
  if (parts->target.size() > limits.target) {
    return std::unexpected(Violation::kTooLarge);
  }
  if (auto resolved = resolveTarget(parts->target, *framing, out); !resolved) {
    return std::unexpected(resolved.error());
  }
  auto body = requestFraming(*framing, out.version);
  if (!body) {
    return std::unexpected(body.error());
  }
  if (framing->expects_else) {
    return std::unexpected(Violation::kExpectation);
  }
  return MessageFraming{
      .body = *body,
      .keep_alive = keepsAlive(*framing, out.version),
      .expects_continue = framing->expects_continue && out.version == Version::kHttp11,
  };
}

std::optional<HeadReader::Noted> HeadReader::noteRequest(const HeadLimits& limits) const {
  auto line = takeStartLine(taken(), kind_, limits);
  auto parts = line ? splitAnyRequestLine(*line) : std::unexpected(line.error());
  if (!parts) {
    return std::nullopt;
  }
  Noted noted{.method = methodFrom(parts->method), .sent_target = parts->target};
  if (splitRequestLine(*line)) {
    noted.version = versionOf(line->back());
  }
  if (parts->target.size() > limits.target) {
    return noted;
  }
  if (auto target = parseTarget(noted.method, parts->target)) {
    noted.authority = target->authority;
    noted.target = std::move(target->origin);
  }
  return noted;
}

Checked<MessageFraming> HeadReader::parseResponse(
    Method asked, const HeadLimits& limits, ResponseHead& out
) const {
  auto start_line = takeStartLine(taken(), kind_, limits);
  if (!start_line) {
    return std::unexpected(start_line.error());
  }
  std::string_view line = *start_line;  // "HTTP/1.x 200 reason"
  if (auto checked = checkStatusLine(line); !checked) {
    return std::unexpected(checked.error());
  }
  auto framing = readSection(line, limits, out.fields);
  if (!framing) {
    return std::unexpected(framing.error());
  }
  out.status =
      static_cast<Status>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  out.version = versionOf(line[7]);
  auto body = responseFraming(*framing, out.version, out.status, asked);
  if (!body) {
    return std::unexpected(body.error());
  }
  bool framed = body->kind != BodyFraming::Kind::kUntilClose;
  return MessageFraming{
      .body = *body,
      .keep_alive = framed && keepsAlive(*framing, out.version),
  };
}

}  // namespace gatehouse::http
