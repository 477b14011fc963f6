#include "http/h1_write.h"

#include <array>
#include <charconv>

#include "base/check.h"
#include "base/text.h"

namespace gatehouse::http {
namespace {

// Writes into room made beforehand: a head is many small pieces.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}

  void put(std::string_view text) { at_ += text.copy(at_, text.size()); }
  void number(std::uint64_t value) { at_ = std::to_chars(at_, at_ + kNumber, value).ptr; }
  void field(std::string_view name, std::string_view value) {
    put(name);
    put(": ");
    put(value);
    put("\r\n");
  }
  void length(std::uint64_t value) {
    put("Content-Length: ");
    number(value);
    put("\r\n");
  }
  void fields(const Fields& all) { at_ = all.write(at_, kDecidedByWriter); }
  const char* at() const { return at_; }

  static constexpr std::size_t kNumber = 20;

 private:
  char* at_;
};

// What the writer may add: start line without its variable parts, Date, framing and connection.
constexpr std::size_t kOurOctets = 256;

// Appends what `write` does with a Pen; `variable` bounds its octets besides fields and ours.
template <typename Write>
void appendHead(std::string& out, const Fields& fields, std::size_t variable, Write write) {
  std::size_t begin = out.size();
  std::size_t bound = begin + kOurOctets + variable + fields.writtenAtMost();
  out.resize_and_overwrite(bound, [&](char* text, std::size_t) {
    Pen pen(text + begin);
    write(pen);
    return static_cast<std::size_t>(pen.at() - text);
  });
}

void putBodyFraming(Pen& pen, const ResponseHead& head, const ResponseFraming& framing) {
  if (framing.body == ResponseFraming::Body::kChunked) {
    pen.put("Transfer-Encoding: chunked\r\n");
    return;
  }
  bool may_declare = head.status >= 200 && head.status != 204 &&
                     framing.body != ResponseFraming::Body::kUntilClose;
  if (!may_declare) {
    return;
  }
  if (framing.length) {
    pen.length(*framing.length);
  }
}

// RFC 9110 sections 15.2.2 and 15.5.22: a 101 and a 426 name the protocol to switch to.
void putUpgrade(Pen& pen, const ResponseHead& head) {
  if (head.status != 426 && head.status != 101) {
    return;
  }
  if (auto protocol = head.fields.get("Upgrade")) {
    pen.field("Upgrade", *protocol);
    pen.put("Connection: upgrade\r\n");
  }
}

}  // namespace

bool usuallyHasBody(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch;
}

void writeRequestHead(std::string& out, const RequestHead& head, RequestFraming framing) {
  // RFC 9112 section 3.2.3: a tunnel is asked for by authority.
  std::string_view target = head.method == Method::kConnect ? head.authority : head.target;
  std::string_view method = head.methodName();
  GATEHOUSE_DEBUG_CHECK(target.find_first_of(" \r\n") == std::string_view::npos);
  std::size_t variable = method.size() + target.size() + head.authority.size();
  appendHead(out, head.fields, variable, [&](Pen& pen) {
    pen.put(method);
    pen.put(" ");
    pen.put(target);
    pen.put(" HTTP/1.1\r\n");
    pen.field("Host", head.authority);
    pen.fields(head.fields);
    if (framing.special()) [[unlikely]] {
      pen.put(framing.te_trailers ? "TE: trailers\r\nConnection: TE\r\n" : "");
      pen.put(framing.web_socket ? "Upgrade: websocket\r\nConnection: Upgrade\r\n" : "");
      pen.put(framing.expect_continue ? "Expect: 100-continue\r\n" : "");
    }
    if (framing.chunked) {
      pen.put("Transfer-Encoding: chunked\r\n");
    } else if (framing.length != 0 || usuallyHasBody(head.method)) {
      pen.length(framing.length);
    }
    pen.put("\r\n");
  });
}

void writeResponseHead(
    std::string& out,
    const ResponseHead& head,
    const ResponseFraming& framing,
    std::string_view date
) {
  std::string_view reason = reasonPhrase(head.status);
  appendHead(out, head.fields, reason.size() + date.size(), [&](Pen& pen) {
    pen.put("HTTP/1.1 ");
    pen.number(head.status);
    pen.put(" ");
    pen.put(reason);
    pen.put("\r\n");
    pen.fields(head.fields);
    if (!head.fields.has("Date")) {
      pen.field("Date", date);
    }
    putBodyFraming(pen, head, framing);
    putUpgrade(pen, head);
    if (head.status == 101) [[unlikely]] {
      // No message follows.
    } else if (!framing.keep_alive) {
      pen.put("Connection: close\r\n");
    } else if (framing.client == Version::kHttp10) {
      pen.put("Connection: keep-alive\r\n");
    }
    pen.put("\r\n");
  });
}

void writeInterimHead(std::string& out, const ResponseHead& head) {
  const std::string_view reason = reasonPhrase(head.status);
  appendHead(out, head.fields, reason.size(), [&](Pen& pen) {
    pen.put("HTTP/1.1 ");
    pen.number(head.status);
    pen.put(" ");
    pen.put(reason);
    pen.put("\r\n");
    pen.fields(head.fields);
    pen.put("\r\n");
  });
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
