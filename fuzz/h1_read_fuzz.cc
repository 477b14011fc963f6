// HTTP/1.1 messages: nothing crashes; the verdict and what is read do not depend on how the bytes
// are cut; what is accepted is read the same by llhttp alone; written again it is read the same.
// Input: one octet for what the bytes are, one for how they are cut, then the bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <llhttp.h>

#include "base/text.h"
#include "http/h1_write.h"
#include "http/read_message_for_test.h"
#include "http/token.h"

namespace {

using namespace gatehouse::http;

constexpr HeadLimits kLimits{.target = 256, .field_section = 2048, .field_count = 16};
// What is written again may have fields of the writer's besides.
constexpr HeadLimits kWide{.target = 4096, .field_section = 16384, .field_count = 64};

void require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

bool sameFields(const Fields& a, const Fields& b) {
  bool same = a.size() == b.size();
  for (std::size_t i = 0; same && i < a.size(); ++i) {
    same = a.at(i).name == b.at(i).name && a.at(i).value == b.at(i).value;
  }
  return same;
}

bool sameHead(const RequestHead& a, const RequestHead& b) {
  return a.methodName() == b.methodName() && a.target == b.target && a.authority == b.authority &&
         a.version == b.version;
}
bool sameHead(const ResponseHead& a, const ResponseHead& b) {
  return a.status == b.status && a.version == b.version;
}

void requireSound(const Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    require(isToken(fields.at(i).name), "names are tokens");
    require(isFieldValue(fields.at(i).value), "values have no control characters");
    require(trimBlanks(fields.at(i).value) == fields.at(i).value, "values are trimmed");
  }
}

template <typename Message>
void requireSame(const Message& a, const Message& b) {
  require(a.violation.has_value() == b.violation.has_value(), "same verdict for every cut");
  if (a.violation) {
    return;
  }
  require(a.taken == b.taken && a.done == b.done, "same end for every cut");
  require(a.head_done == b.head_done, "same head for every cut");
  require(sameHead(a.head, b.head), "same start line for every cut");
  require(sameFields(a.head.fields, b.head.fields), "same fields for every cut");
  require(a.framing.body == b.framing.body, "same framing for every cut");
  require(a.content == b.content, "same content for every cut");
  require(sameFields(a.trailers, b.trailers), "same trailers for every cut");
  requireSound(a.head.fields);
  requireSound(a.trailers);
}

// What llhttp makes of a message by itself.
struct Plain {
  std::string content;
  std::vector<std::pair<std::string, std::string>> fields;
  bool value_ended = true;
  bool head_done = false;
  bool done = false;
};

int plainName(llhttp_t* parser, const char* at, std::size_t size) {
  Plain& plain = *static_cast<Plain*>(parser->data);
  if (!plain.head_done) {  // else of the trailers
    if (std::exchange(plain.value_ended, false)) {
      plain.fields.emplace_back();
    }
    plain.fields.back().first.append(at, size);
  }
  return HPE_OK;
}
int plainValue(llhttp_t* parser, const char* at, std::size_t size) {
  Plain& plain = *static_cast<Plain*>(parser->data);
  if (!plain.head_done) {
    plain.fields.back().second.append(at, size);
  }
  return HPE_OK;
}
int plainValueEnd(llhttp_t* parser) {
  static_cast<Plain*>(parser->data)->value_ended = true;
  return HPE_OK;
}

int plainBody(llhttp_t* parser, const char* at, std::size_t size) {
  static_cast<Plain*>(parser->data)->content.append(at, size);
  return HPE_OK;
}
int plainHeadEnd(llhttp_t* parser) {
  static_cast<Plain*>(parser->data)->head_done = true;
  return HPE_OK;
}
int plainEnd(llhttp_t* parser) {
  static_cast<Plain*>(parser->data)->done = true;
  return HPE_PAUSED;
}

// Names and values as they are told apart; a request's Host is not among ours.
void requireSameFields(llhttp_type_t type, const Fields& ours, const Plain& plain) {
  std::size_t at = 0;
  for (const auto& [name, value] : plain.fields) {
    if (type == HTTP_REQUEST && gatehouse::iequals(name, "host")) {
      continue;
    }
    require(at < ours.size(), "llhttp sees no field that we do not");
    require(ours.at(at).name == name, "llhttp sees the same name");
    require(ours.at(at).value == trimBlanks(value), "llhttp sees the same value");
    ++at;
  }
  require(at == ours.size(), "llhttp sees every field");
}

// llhttp knows no HTTP/1.2 and above, which we read as 1.1.
std::string withKnownVersion(llhttp_type_t type, std::string text) {
  constexpr std::size_t kForgiven = 2;  // octets of the empty line before a request
  std::size_t minor = type == HTTP_REQUEST ? text.find("\r\n", kForgiven) - 1 : 7;
  text[minor] = std::min(text[minor], '1');
  return text;
}

template <typename Message>
void requireLlhttpAgrees(llhttp_type_t type, const Message& read, std::string_view text) {
  llhttp_settings_t settings{};
  settings.on_body = plainBody;
  settings.on_header_field = plainName;
  settings.on_header_value = plainValue;
  settings.on_header_value_complete = plainValueEnd;
  settings.on_headers_complete = plainHeadEnd;
  settings.on_message_complete = plainEnd;
  llhttp_t parser;
  llhttp_init(&parser, type, &settings);
  Plain plain;
  parser.data = &plain;
  std::string known = withKnownVersion(type, std::string(text.substr(0, read.taken)));
  llhttp_errno_t error = llhttp_execute(&parser, known.data(), known.size());
  if (read.framing.body.kind == BodyFraming::Kind::kUntilClose) {
    error = llhttp_finish(&parser);
  }
  if (error == HPE_INVALID_CONTENT_LENGTH && known.contains('\t')) {
    // A tab is white space behind a value too (RFC 9110 section 5.6.3); behind a length llhttp
    // takes spaces only. Who refuses a message is not led astray by it.
    return;
  }
  requireSameFields(type, read.head.fields, plain);
  bool accepted = error == HPE_OK || error == HPE_PAUSED;
  bool extended = read.framing.body.kind == BodyFraming::Kind::kChunked &&
                  text.substr(0, read.taken).find(';') != std::string_view::npos;
  if (!accepted && extended && plain.head_done) {
    // RFC 9112 section 7.1.1 allows extensions that llhttp does not take ("0;a=0;a=&b"). Who
    // refuses a message is not led astray by it.
    return;
  }
  require(accepted, "llhttp accepts what we accept");
  require(plain.head_done && plain.done, "llhttp sees the same end");
  require(plain.content == read.content, "llhttp sees the same content");
}

std::string writtenAgain(const ReadRequest& read) {
  std::string out;
  bool chunked = read.framing.body.kind == BodyFraming::Kind::kChunked;
  writeRequestHead(out, read.head, {.chunked = chunked, .length = read.content.size()});
  if (chunked && !read.content.empty()) {
    out.append(ChunkLine(read.content.size()).view()).append(read.content).append(kChunkEnd);
  }
  out.append(chunked ? kLastChunk : std::string_view(read.content));
  return out;
}

void fuzzRequest(std::string_view text, const Cut& cut) {
  ReadRequest read = readRequest(text, kLimits);
  requireSame(read, readRequest(text, kLimits, cut));
  if (read.violation || !read.done) {
    return;
  }
  bool leaves_http = read.head.method == Method::kConnect || read.head.fields.has("Upgrade");
  if (!leaves_http) {
    requireLlhttpAgrees(HTTP_REQUEST, read, text);
  }
  std::string again = writtenAgain(read);
  ReadRequest second = readRequest(again, kWide, cut);
  require(!second.violation && second.done, "what is written is accepted");
  require(second.taken == again.size(), "what is written is one message");
  require(second.content == read.content, "content survives");
  require(second.head.target == read.head.target, "target survives");
  require(second.head.authority == read.head.authority, "authority survives");
  require(second.head.methodName() == read.head.methodName(), "method survives");
  require(writtenAgain(second) == again, "writing is stable");
}

void fuzzResponse(std::string_view text, Method asked, const Cut& cut) {
  ReadResponse read = readResponse(text, asked, kLimits);
  requireSame(read, readResponse(text, asked, kLimits, cut));
  if (read.violation || !read.done) {
    return;
  }
  // llhttp leaves it to its caller to know that these have no body (RFC 9110 section 6.4.1).
  bool bodiless = asked == Method::kHead || read.head.status == 304 || read.head.status < 200;
  if (!bodiless && !read.head.fields.has("Upgrade")) {
    requireLlhttpAgrees(HTTP_RESPONSE, read, text);
  }
  std::string again;
  using Body = ResponseFraming::Body;
  writeResponseHead(
      again, read.head, {.body = Body::kLength, .length = declaredLength(read.head.fields)}, "now"
  );
  ReadResponse second = readResponse(again, Method::kHead, kWide);
  require(!second.violation && second.done, "what is written is accepted");
  require(second.head.status == read.head.status, "status survives");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::uint32_t state = data[1] + 1U;
  Cut cut = [state](std::size_t left) mutable {
    state = state * 1664525U + 1013904223U;
    return std::min<std::size_t>(left, 1 + (state >> 24) % 24);
  };
  switch (data[0] % 3) {
    case 0:
      fuzzRequest(text, cut);
      break;
    case 1:
      fuzzResponse(text, Method::kGet, cut);
      break;
    default:
      fuzzResponse(text, Method::kHead, cut);
      break;
  }
  return 0;
}
