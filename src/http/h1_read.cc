#include "http/h1_read.h"

#include <optional>

#include <llhttp.h>

#include "base/text.h"
#include "http/target.h"
#include "http/token.h"

namespace gatehouse::http {
namespace {

// Where llhttp's spans go. The head is contiguous, so every span comes whole.
struct Sink {
  Fields& fields;
  std::string_view section;  // the text of the field lines
  FramingFields framing = {};
  std::string_view target = {};
  std::string_view name = {};
  std::string_view value = {};
  std::optional<Violation> violation = {};
  bool keep_host = false;
  bool complete = false;
};

Sink& sinkOf(llhttp_t* parser) {
  return *static_cast<Sink*>(parser->data);
}

int refuse(Sink& sink, Violation violation) {
  sink.violation = violation;
  return HPE_USER;
}

int onUrl(llhttp_t* parser, const char* at, std::size_t size) {
  sinkOf(parser).target = {at, size};
  return HPE_OK;
}

// llhttp lets token octets and spaces into a name (its fuzzer here checks that it is so); spaces
// are neither ours nor anybody's between name and colon.
int onFieldName(llhttp_t* parser, const char* at, std::size_t size) {
  Sink& sink = sinkOf(parser);
  sink.name = {at, size};
  sink.value = {};
  if (sink.name.empty() || sink.name.find(' ') != std::string_view::npos || at[size] != ':') {
    return refuse(sink, Violation::kField);
  }
  return size > Fields::kLongestName ? refuse(sink, Violation::kTooLarge) : HPE_OK;
}

int onFieldValue(llhttp_t* parser, const char* at, std::size_t size) {
  sinkOf(parser).value = {at, size};
  return HPE_OK;
}

int onFieldEnd(llhttp_t* parser) {
  Sink& sink = sinkOf(parser);
  if (sink.name.empty()) {
    return refuse(sink, Violation::kField);
  }
  std::string_view value = trimBlanks(sink.value);
  std::size_t hosts = sink.framing.hosts;
  sink.framing.note(sink.name, sink.value);
  if (sink.keep_host || sink.framing.hosts == hosts) {
    sink.fields.addReceived(sink.section, sink.name, value);
  }
  sink.name = {};
  return HPE_OK;
}

int onHeadEnd(llhttp_t* parser) {
  sinkOf(parser).complete = true;
  return HPE_PAUSED;
}

constexpr llhttp_settings_t kSettings = [] {
  llhttp_settings_t settings{};
  settings.on_url = onUrl;
  settings.on_header_field = onFieldName;
  settings.on_header_value = onFieldValue;
  settings.on_header_value_complete = onFieldEnd;
  settings.on_headers_complete = onHeadEnd;
  return settings;
}();

Violation violationOf(llhttp_errno_t error) {
  switch (error) {
    case HPE_INVALID_METHOD:
      return Violation::kMethod;
    case HPE_INVALID_URL:
      return Violation::kTarget;
    case HPE_INVALID_VERSION:
      return Violation::kVersion;
    case HPE_INVALID_HEADER_TOKEN:
      return Violation::kField;
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
    case HPE_INVALID_TRANSFER_ENCODING:
      return Violation::kFraming;
    case HPE_INVALID_STATUS:
      return Violation::kStatus;
    default:
      return Violation::kStartLine;
  }
}

Checked<void> runParser(llhttp_type_t type, std::string_view head, Sink& sink) {
  llhttp_t parser;
  llhttp_init(&parser, type, &kSettings);
  parser.data = &sink;
  llhttp_errno_t error = llhttp_execute(&parser, head.data(), head.size());
  if (error != HPE_PAUSED || !sink.complete) {
    return std::unexpected(sink.violation.value_or(violationOf(error)));
  }
  return {};
}

Version versionOf(char minor) {
  return minor == '0' ? Version::kHttp10 : Version::kHttp11;
}

// RFC 9112 section 3.2: exactly one Host in 1.1, and where the target has an authority of its own,
// no other than that.
Checked<void> resolveTarget(const Sink& sink, RequestHead& out) {
  auto target = parseTarget(out.method, sink.target);
  if (!target) {
    return std::unexpected(Violation::kTarget);
  }
  const FramingFields& framing = sink.framing;
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
  std::string_view line = startLine();
  Sink sink{.fields = out.fields, .section = section()};
  out.fields.beginReceived(sink.section, scan_.fieldLines());
  if (auto parsed = runParser(HTTP_REQUEST, head(), sink); !parsed) {
    return std::unexpected(parsed.error());
  }
  if (sink.target.size() > limits.target) {
    return std::unexpected(Violation::kTooLarge);
  }
  std::string_view method = line.substr(0, line.find(' '));
  out.method = methodFrom(method);
  if (out.method == Method::kOther) {
    out.method_text = method;
  }
  out.version = versionOf(line.back());
  if (auto resolved = resolveTarget(sink, out); !resolved) {
    return std::unexpected(resolved.error());
  }
  auto body = requestFraming(sink.framing, out.version);
  if (!body) {
    return std::unexpected(body.error());
  }
  return MessageFraming{
      .body = *body,
      .keep_alive = keepsAlive(sink.framing, out.version),
      .expects_continue = sink.framing.expects_continue && out.version == Version::kHttp11,
  };
}

Checked<MessageFraming> HeadReader::parseResponse(Method asked, ResponseHead& out) const {
  std::string_view line = startLine();
  Sink sink{.fields = out.fields, .section = section(), .keep_host = true};
  out.fields.beginReceived(sink.section, scan_.fieldLines());
  if (auto parsed = runParser(HTTP_RESPONSE, head(), sink); !parsed) {
    return std::unexpected(parsed.error());
  }
  out.status =
      static_cast<Status>((line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0'));
  out.version = versionOf(line[7]);
  if (out.status == 101) {
    return std::unexpected(Violation::kStatus);
  }
  auto body = responseFraming(sink.framing, out.version, out.status, asked);
  if (!body) {
    return std::unexpected(body.error());
  }
  bool framed = body->kind != BodyFraming::Kind::kUntilClose;
  return MessageFraming{
      .body = *body,
      .keep_alive = framed && keepsAlive(sink.framing, out.version),
  };
}

}  // namespace gatehouse::http
