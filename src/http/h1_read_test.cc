#include "http/h1_read.h"

#include <string>

#include <gtest/gtest.h>

#include "http/read_message_for_test.h"

namespace gatehouse::http {
namespace {

TEST(H1Read, RequestHead) {
  auto read = readRequest(
      "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: api.example.com:8080\r\n"
      "Accept:  */*\t\r\nX-Empty:\r\naccept: text/html\r\nContent-Length: 2\r\n\r\n{}"
  );
  ASSERT_TRUE(read.done);
  EXPECT_EQ(read.head.method, Method::kPost);
  EXPECT_EQ(read.head.target, "/v1/chat/completions?x=1");
  EXPECT_EQ(read.head.path(), "/v1/chat/completions");
  EXPECT_EQ(read.head.query(), "x=1");
  EXPECT_EQ(read.head.authority, "api.example.com:8080");
  EXPECT_EQ(read.head.version, Version::kHttp11);
  ASSERT_EQ(read.head.fields.size(), 4U);
  EXPECT_FALSE(read.head.fields.has("Host"));
  EXPECT_EQ(read.head.fields.at(0).value, "*/*");
  EXPECT_EQ(read.head.fields.at(1).value, "");
  EXPECT_EQ(read.head.fields.at(2).name, "accept");
  EXPECT_EQ(read.content, "{}");
  EXPECT_TRUE(read.framing.keep_alive);
}

TEST(H1Read, RequestForms) {
  EXPECT_EQ(readRequest("GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n").head.target, "/?x");
  EXPECT_EQ(readRequest("GET http://a/ HTTP/1.0\r\n\r\n").head.authority, "a");
  EXPECT_EQ(readRequest("GET http://a:81/ HTTP/1.1\r\nHost: b\r\n\r\n").head.authority, "a:81");
  EXPECT_EQ(readRequest("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").head.target, "*");
  auto connect = readRequest("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n");
  EXPECT_EQ(connect.head.authority, "a:1");
  EXPECT_EQ(connect.head.target, "");
  auto other = readRequest("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(other.head.method, Method::kOther);
  EXPECT_EQ(other.head.methodName(), "PROPFIND");
}

TEST(H1Read, HigherMinorVersionsAreReadAsOurs) {
  auto request = readRequest("GET / HTTP/1.2\r\nHost: a\r\n\r\n");
  EXPECT_EQ(request.head.version, Version::kHttp11);
  EXPECT_TRUE(request.framing.keep_alive);
  auto response = readResponse("HTTP/1.9 204 x\r\n\r\n", Method::kGet);
  EXPECT_FALSE(response.violation.has_value());
  EXPECT_EQ(response.head.version, Version::kHttp11);
}

TEST(H1Read, KeepAliveFollowsVersionAndConnection) {
  auto keeps = [](std::string start, std::string line) {
    return readRequest(start + "\r\nHost: a\r\n" + line + "\r\n").framing.keep_alive;
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1", ""));
  EXPECT_FALSE(keeps("GET / HTTP/1.1", "Connection: TE, Close\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0", ""));
  EXPECT_TRUE(keeps("GET / HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

TEST(H1Read, ExpectationCountsInOneDotOne) {
  EXPECT_TRUE(readRequest("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n"
                          "Content-Length: 0\r\n\r\n")
                  .framing.expects_continue);
  EXPECT_FALSE(
      readRequest("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").framing.expects_continue
  );
}

TEST(H1Read, TakesItsOwnBytesOnly) {
  std::string first = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  std::string second = "GET / HTTP/1.1\r\nHost: b\r\n\r\n";
  for (std::size_t cut = 1; cut < first.size() + second.size(); ++cut) {
    auto at_cut = [cut](std::size_t left) { return std::min(left, cut); };
    auto read = readRequest(first + second, {}, at_cut);
    ASSERT_TRUE(read.done) << cut;
    EXPECT_EQ(read.taken, first.size()) << cut;
    EXPECT_EQ(read.content, "abc");
  }
}

TEST(H1Read, ChunkedContentAndTrailers) {
  auto read = readRequest(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 1\r\n"
      "Host: x\r\nAuthorization: x\r\n\r\nrest"
  );
  ASSERT_TRUE(read.done);
  EXPECT_EQ(read.content, "abcde");
  ASSERT_EQ(read.trailers.size(), 1U);
  EXPECT_EQ(read.trailers.get("x-sum"), "1");
}

TEST(H1Read, ResponseBodiesFollowTheRequest) {
  std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nHost: kept\r\n\r\nabc";
  EXPECT_EQ(readResponse(text).content, "abc");
  EXPECT_EQ(readResponse(text).head.fields.get("host"), "kept");
  EXPECT_EQ(readResponse(text, Method::kHead).content, "");
  EXPECT_TRUE(readResponse(text, Method::kHead).done);
  EXPECT_TRUE(readResponse(text).framing.keep_alive);
}

TEST(H1Read, ResponseUntilTheEndLeavesNothingToReuse) {
  auto read = readResponse("HTTP/1.1 200 OK\r\nX: y\r\n\r\nabc");
  EXPECT_EQ(read.content, "abc");
  EXPECT_EQ(read.framing.body.kind, BodyFraming::Kind::kUntilClose);
  EXPECT_FALSE(read.framing.keep_alive);
}

TEST(H1Read, InterimResponseHasNoBody) {
  auto read = readResponse("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(read.head.status, 103);
  EXPECT_EQ(read.content, "");
  EXPECT_TRUE(read.done);
}

TEST(H1Read, ReaderIsEmptyBetweenMessages) {
  HeadReader reader(MessageKind::kRequest);
  EXPECT_FALSE(reader.started());
  auto step = reader.push("\r\n", {});
  ASSERT_TRUE(step.has_value());
  EXPECT_FALSE(reader.started()) << "the forgiven empty line begins nothing";
  ASSERT_TRUE(reader.push("G", {}).has_value());
  EXPECT_TRUE(reader.started());
  reader.reset();
  EXPECT_FALSE(reader.started());
}

TEST(H1Body, CompactJoinsChunksInPlace) {
  BodyDecoder decoder({BodyFraming::Kind::kChunked}, {});
  std::string bytes = "2\r\nab\r\n3\r\ncde\r\n4\r\nfg";
  auto step = decoder.compact(bytes);
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->content, "abcdefg");
  EXPECT_EQ(step->content.data(), bytes.data() + 3);
  EXPECT_EQ(step->taken, bytes.size());
  std::string rest = "hi\r\n0\r\n\r\nNEXT";
  step = decoder.compact(rest);
  ASSERT_TRUE(step.has_value());
  EXPECT_EQ(step->content, "hi");
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(rest.substr(step->taken), "NEXT");
}

TEST(H1Body, LengthIsCountedDown) {
  BodyDecoder decoder({BodyFraming::Kind::kLength, 5}, {});
  EXPECT_EQ(decoder.remaining(), 5U);
  EXPECT_FALSE(decoder.mayEnd());
  EXPECT_EQ(decoder.next("ab")->content, "ab");
  decoder.skip(1);
  EXPECT_EQ(decoder.remaining(), 2U);
  EXPECT_EQ(decoder.next("cdX")->taken, 2U);
  EXPECT_TRUE(decoder.done());
}

}  // namespace
}  // namespace gatehouse::http
