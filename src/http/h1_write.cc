#include "http/h1_write.h"

#include <array>
#include <charconv>

#include "base/check.h"
#include "base/text.h"

namespace gatehouse::http {
namespace {

// Of the connection, or decided by the writer. By length first: nearly no field passes the switch.
bool isOurs(std::string_view name) {
  switch (name.size()) {
    case 4:
      return iequals(name, "Host");
    case 6:
      return iequals(name, "Expect");
    case 7:
      return iequals(name, "Upgrade");
    case 10:
      return iequals(name, "Connection") || iequals(name, "Keep-Alive");
    case 14:
      return iequals(name, "Content-Length");
    case 16:
      return iequals(name, "Proxy-Connection");
    case 17:
      return iequals(name, "Transfer-Encoding");
    default:
      return false;
  }
}

void appendNumber(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void appendField(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void appendLength(std::string& out, std::uint64_t length) {
  out += "Content-Length: ";
  appendNumber(out, length);
  out += "\r\n";
}

void appendFields(std::string& out, const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    Fields::Field field = fields.at(i);
    if (!isOurs(field.name)) {
      appendField(out, field.name, field.value);
    }
  }
}

// Names, values and their punctuation, and what the writer adds.
void reserveHead(std::string& out, const Fields& fields, std::size_t start_line) {
  out.reserve(out.size() + start_line + fields.octets() + 4 * fields.size() + 160);
}

bool usuallyHasBody(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch;
}

void appendBodyFraming(std::string& out, const ResponseHead& head, const ResponseFraming& framing) {
  if (framing.body == ResponseFraming::Body::kChunked) {
    out += "Transfer-Encoding: chunked\r\n";
    return;
  }
  bool may_declare = head.status >= 200 && head.status != 204 &&
                     framing.body != ResponseFraming::Body::kUntilClose;
  if (!may_declare) {
    return;
  }
  if (auto length = declaredLength(head.fields)) {
    appendLength(out, *length);
  }
}

}  // namespace

void writeRequestHead(std::string& out, const RequestHead& head, RequestFraming framing) {
  reserveHead(out, head.fields, head.target.size() + head.authority.size());
  // RFC 9112 section 3.2.3: a tunnel is asked for by authority.
  bool tunnel = head.method == Method::kConnect;
  out.append(head.methodName()).append(" ");
  out.append(tunnel ? head.authority : head.target).append(" HTTP/1.1\r\n");
  appendField(out, "Host", head.authority);
  appendFields(out, head.fields);
  if (framing.chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (framing.length != 0 || usuallyHasBody(head.method)) {
    appendLength(out, framing.length);
  }
  out += "\r\n";
}

void writeResponseHead(
    std::string& out,
    const ResponseHead& head,
    const ResponseFraming& framing,
    std::string_view date
) {
  std::string_view reason = reasonPhrase(head.status);
  reserveHead(out, head.fields, reason.size());
  out += "HTTP/1.1 ";
  appendNumber(out, head.status);
  out.append(" ").append(reason).append("\r\n");
  appendFields(out, head.fields);
  if (!head.fields.has("Date")) {
    appendField(out, "Date", date);
  }
  appendBodyFraming(out, head, framing);
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (framing.client == Version::kHttp10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

std::optional<std::uint64_t> declaredLength(const Fields& fields) {
  auto text = fields.get("Content-Length");
  return text ? parseUnsigned(*text) : std::nullopt;
}

ChunkLine::ChunkLine(std::uint64_t size) {
  GATEHOUSE_DEBUG_CHECK(size != 0);
  char* end = std::to_chars(text_.data(), text_.data() + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  size_ = static_cast<std::size_t>(end - text_.data());
}

}  // namespace gatehouse::http
