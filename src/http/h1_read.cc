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

// The methods of IANA's registry and of the protocols on top of HTTP that are in use; anything else
// is a mistake or a trick.
constexpr std::array<std::string_view, 33> kMethods = {
    "GET",       "POST",       "PUT",      "DELETE", "HEAD",        "OPTIONS", "PATCH",
    "CONNECT",   "TRACE",      "COPY",     "LOCK",   "MKCOL",       "MOVE",    "PROPFIND",
    "PROPPATCH", "SEARCH",     "UNLOCK",   "BIND",   "REBIND",      "UNBIND",  "ACL",
    "REPORT",    "MKACTIVITY", "CHECKOUT", "MERGE",  "M-SEARCH",    "NOTIFY",  "SUBSCRIBE",
    "PURGE",     "MKCALENDAR", "LINK",     "UNLINK", "UNSUBSCRIBE",
};

// A request's Host is its authority; in a response it is a field like others.
enum class HostField : std::uint8_t { kKept, kTaken };

// Reads the line at `at` and gives the begin of the next. HeadScan has been over it: it has its
// CRLF and no control characters, and is not folded. A block's octets can be read from anywhere in
// it.
Checked<const char*> takeLine(const char* at, HostField host, FramingFields& framing, Fields& out) {
  // No token holds white space, so this refuses a space before the colon as well.
  wire::HalfBlock first(at);
  auto size = static_cast<std::size_t>(std::countr_zero(first.notToken()));
  if (size == wire::HalfBlock::kSize) {
    while (kTokenOctet[static_cast<std::uint8_t>(at[size])]) {
      ++size;
    }
  }
  if (size == 0 || at[size] != ':') {
    return std::unexpected(Violation::kField);
  }
  if (size > Fields::kLongestName) {
    return std::unexpected(Violation::kTooLarge);
  }
  std::string_view name(at, size);
  FieldId id = fieldIdOf(name, first);
  const char* from = at + size + 1;
  const char* line_feed = from;
  std::uint32_t found = wire::HalfBlock(line_feed).equal('\n');
  while (found == 0) {
    line_feed += wire::HalfBlock::kSize;
    found = wire::HalfBlock(line_feed).equal('\n');
  }
  line_feed += std::countr_zero(found);
  std::string_view value(from, static_cast<std::size_t>(line_feed - 1 - from));
  if (FramingFields::kNoted.has(id)) {
    framing.note(id, value);
  }
  if (host == HostField::kKept || id != FieldName("host").id()) {
    out.addReceived(name, id, trimBlanks(value));
  }
  return line_feed + 1;
}

// All field lines of a whole head.
Checked<FramingFields> readSection(
    std::string_view section, std::size_t lines, HostField host, Fields& out
) {
  static_assert(Fields::kSlack >= wire::HalfBlock::kSize);
  FramingFields framing;
  const char* at = out.beginReceived(section, lines).data();
  while (*at != '\r') {
    auto next = takeLine(at, host, framing, out);
    if (!next) {
      return std::unexpected(next.error());
    }
    at = *next;
  }
  return framing;
}

Version versionOf(char minor) {
  return minor == '0' ? Version::kHttp10 : Version::kHttp11;
}

// RFC 9112 section 3.2: exactly one Host in 1.1, and where the target has an authority of its own,
// no other than that.
Checked<void> resolveTarget(std::string_view text, const FramingFields& framing, RequestHead& out) {
  auto target = parseTarget(out.method, text);
  if (!target) {
    return std::unexpected(Violation::kTarget);
  }
  auto host = parseAuthority(framing.host);
  if (framing.hosts > 1 || !host || (framing.hosts == 0 && out.version != Version::kHttp10)) {
    return std::unexpected(Violation::kHost);
  }
  out.authority = framing.host;
  if (!target->authority.empty()) {
    auto named = parseAuthority(target->authority);
    if (framing.hosts == 1 && !sameAuthority(*named, *host, target->default_port)) {
      return std::unexpected(Violation::kHost);
    }
    out.authority = target->authority;
  }
  out.target = std::move(target->origin);
  return {};
}

}  // namespace

Checked<HeadReader::Step> HeadReader::push(std::string_view bytes, const HeadLimits& limits) {
  std::size_t before = pending_.size();
  if (before != 0) {
    pending_.append(bytes);
  }
  std::string_view text = before != 0 ? std::string_view(pending_) : bytes;
  auto size = scan_.scan(text, limits);
  if (!size) {
    return std::unexpected(size.error());
  }
  if (*size == 0) {
    if (before == 0) {
      pending_.assign(bytes);
    }
    return Step{.taken = bytes.size(), .complete = false};
  }
  if (before != 0) {
    pending_.resize(*size);
  } else {
    whole_ = bytes.substr(0, *size);
  }
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

std::string_view HeadReader::head() const {
  return whole_.empty() ? std::string_view(pending_) : whole_;
}

std::string_view HeadReader::section() const {
  return head().substr(scan_.sectionBegin());
}

std::string_view HeadReader::startLine() const {
  return head().substr(scan_.startLine(), scan_.startLineSize());
}

Checked<MessageFraming> HeadReader::parseRequest(const HeadLimits& limits, RequestHead& out) const {
  // "METHOD SP target SP HTTP/1.x", as HeadScan has checked.
  std::string_view line = startLine();
  std::string_view method = line.substr(0, line.find(' '));
  std::string_view target = line.substr(method.size() + 1, line.rfind(' ') - method.size() - 1);
  out.method = methodFrom(method);
  if (out.method == Method::kOther) {
    if (std::ranges::find(kMethods, method) == kMethods.end()) {
      return std::unexpected(Violation::kMethod);
    }
    out.method_text = method;
  }
  auto framing = readSection(section(), scan_.fieldLines(), HostField::kTaken, out.fields);
  if (!framing) {
    return std::unexpected(framing.error());
  }
  if (target.size() > limits.target) {
    return std::unexpected(Violation::kTooLarge);
  }
  out.version = versionOf(line.back());
  if (auto resolved = resolveTarget(target, *framing, out); !resolved) {
    return std::unexpected(resolved.error());
  }
  auto body = requestFraming(*framing, out.version);
  if (!body) {
    return std::unexpected(body.error());
  }
  return MessageFraming{
      .body = *body,
      .keep_alive = keepsAlive(*framing, out.version),
      .expects_continue = framing->expects_continue && out.version == Version::kHttp11,
  };
}

Checked<MessageFraming> HeadReader::parseResponse(Method asked, ResponseHead& out) const {
  std::string_view line = startLine();
  auto framing = readSection(section(), scan_.fieldLines(), HostField::kKept, out.fields);
  if (!framing) {
    return std::unexpected(framing.error());
  }
  out.status =
      static_cast<Status>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  out.version = versionOf(line[7]);
  if (out.status == 101) {
    return std::unexpected(Violation::kStatus);
  }
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
