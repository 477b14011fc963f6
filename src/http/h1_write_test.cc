#include "http/h1_write.h"

#include <string>

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string request(const RequestHead& head, RequestFraming framing) {
  std::string out;
  writeRequestHead(out, head, framing);
  return out;
}

std::string response(const ResponseHead& head, ResponseFraming framing) {
  std::string out;
  framing.length = declaredLength(head.fields);
  writeResponseHead(out, head, framing, kDate);
  return out;
}

TEST(H1Write, RequestHasHostFirstAndItsOwnFraming) {
  RequestHead head{.method = Method::kPost, .target = "/a?b", .authority = "h:1"};
  head.fields.add("Accept", "*/*");
  head.fields.add("content-length", "99");
  head.fields.add("Transfer-Encoding", "chunked");
  head.fields.add("Connection", "close");
  head.fields.add("Keep-Alive", "1");
  head.fields.add("Proxy-Connection", "x");
  head.fields.add("Upgrade", "h2c");
  head.fields.add("Expect", "100-continue");
  head.fields.add("host", "other");
  EXPECT_EQ(
      request(head, {.length = 3}),
      "POST /a?b HTTP/1.1\r\nHost: h:1\r\nAccept: */*\r\nContent-Length: 3\r\n\r\n"
  );
  EXPECT_EQ(
      request(head, {.chunked = true}),
      "POST /a?b HTTP/1.1\r\nHost: h:1\r\nAccept: */*\r\nTransfer-Encoding: chunked\r\n\r\n"
  );
}

TEST(H1Write, LengthNullIsSaidForMethodsWithABody) {
  RequestHead head{.target = "/", .authority = "h"};
  EXPECT_EQ(request(head, {}), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  head.method = Method::kPut;
  EXPECT_EQ(request(head, {}), "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  head.method = Method::kOther;
  head.method_text = "PROPFIND";
  EXPECT_EQ(request(head, {}), "PROPFIND / HTTP/1.1\r\nHost: h\r\n\r\n");
  RequestHead tunnel{.method = Method::kConnect, .authority = "h:1"};
  EXPECT_EQ(request(tunnel, {}), "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
}

TEST(H1Write, OnlyA426NamesAnotherProtocol) {
  ResponseHead head{.status = 426};
  head.fields.add("Upgrade", "HTTP/1.1");
  std::string text = response(head, {.body = ResponseFraming::Body::kNone});
  EXPECT_NE(text.find("Upgrade: HTTP/1.1\r\nConnection: upgrade\r\n\r\n"), std::string::npos)
      << text;
  head.status = 200;
  text = response(head, {.body = ResponseFraming::Body::kNone});
  EXPECT_EQ(text.find("pgrade"), std::string::npos) << text;
}

TEST(H1Write, ResponseSaysHowItEnds) {
  ResponseHead head{.status = 200};
  head.fields.add("Content-Length", "5");
  head.fields.add("Connection", "x");
  using Body = ResponseFraming::Body;
  const std::string start = "HTTP/1.1 200 OK\r\nDate: " + std::string(kDate) + "\r\n";
  EXPECT_EQ(response(head, {.body = Body::kLength}), start + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(response(head, {.body = Body::kNone}), start + "Content-Length: 5\r\n\r\n");
  EXPECT_EQ(response(head, {.body = Body::kChunked}), start + "Transfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(
      response(head, {.body = Body::kUntilClose, .keep_alive = false}),
      start + "Connection: close\r\n\r\n"
  );
  EXPECT_EQ(
      response(head, {.body = Body::kLength, .client = Version::kHttp10}),
      start + "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n"
  );
}

TEST(H1Write, SomeResponsesDeclareNoLength) {
  ResponseHead head{.status = 204};
  head.fields.add("Content-Length", "0");
  head.fields.add("Date", "theirs");
  EXPECT_EQ(response(head, {}), "HTTP/1.1 204 No Content\r\nDate: theirs\r\n\r\n");
  head.status = 304;
  EXPECT_EQ(
      response(head, {}), "HTTP/1.1 304 Not Modified\r\nDate: theirs\r\nContent-Length: 0\r\n\r\n"
  );
}

TEST(H1Write, UnknownStatusHasNoReason) {
  ResponseHead head{.status = 299};
  head.fields.add("Date", "x");
  EXPECT_EQ(response(head, {}), "HTTP/1.1 299 \r\nDate: x\r\n\r\n");
}

TEST(H1Write, ChunkLines) {
  EXPECT_EQ(ChunkLine(1).view(), "1\r\n");
  EXPECT_EQ(ChunkLine(0xabcdef).view(), "abcdef\r\n");
  EXPECT_EQ(ChunkLine(~std::uint64_t{0}).view(), "ffffffffffffffff\r\n");
}

TEST(H1Write, DeclaredLength) {
  Fields fields;
  EXPECT_EQ(declaredLength(fields), std::nullopt);
  fields.add("content-length", "12");
  EXPECT_EQ(declaredLength(fields), 12U);
  fields.set("content-length", "1x");
  EXPECT_EQ(declaredLength(fields), std::nullopt);
}

}  // namespace
}  // namespace gatehouse::http
