// Malformed and merely unusual messages, each with its verdict, whichever way its bytes are cut.
#include "http/h1_strict.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "http/read_message_for_test.h"

namespace gatehouse::http {
namespace {

using namespace std::string_literals;
using V = Violation;

constexpr HeadLimits kLimits{.target = 64, .field_section = 256, .field_count = 6};

struct Case {
  std::string what;
  std::string text;
  std::optional<Violation> verdict;
};

std::size_t oneByOne(std::size_t) {
  return 1;
}
std::size_t inSevens(std::size_t left) {
  return std::min<std::size_t>(left, 7);
}

std::string get(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}
std::string post(const std::string& lines, const std::string& body = "") {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body;
}
std::string chunked(const std::string& body) {
  return post("Transfer-Encoding: chunked\r\n", body);
}
std::string answer(const std::string& lines, const std::string& body = "") {
  return "HTTP/1.1 200 OK\r\n" + lines + "\r\n" + body;
}

// The eight of the engine's design page.
const std::vector<Case>& probes() {
  static const std::vector<Case> kCases = {
      {"two lengths", post("Content-Length: 1\r\nContent-Length: 2\r\n", "ab"), V::kFraming},
      {"length and coding",
       post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       V::kFraming},
      {"NUL in a value", get("X: a\0b\r\n"s), V::kControl},
      {"signed length", post("Content-Length: +3\r\n", "abc"), V::kFraming},
      {"almost chunked", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), V::kFraming},
      {"space before the colon", get("X : a\r\n"), V::kField},
      {"control in a name", get("X\x01Y: a\r\n"), V::kControl},
      {"no colon", get("X\r\n"), V::kField},
      {"folded line", get("X: a\r\n b\r\n"), V::kField},
      {"two hosts", get("Host: b\r\n"), V::kHost},
  };
  return kCases;
}

const std::vector<Case>& startLines() {
  static const std::vector<Case> kCases = {
      {"HTTP/0.9", "GET /\r\n\r\n", V::kStartLine},
      {"HTTP/0.9 by name", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", V::kVersion},
      {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", std::nullopt},
      {"HTTP/1.9 without host", "GET / HTTP/1.9\r\n\r\n", V::kHost},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", V::kVersion},
      {"long version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", V::kStartLine},
      {"other protocol", "GET / HTCPCP/1.0\r\nHost: a\r\n\r\n", V::kStartLine},
      {"lower case version", "GET / http/1.1\r\nHost: a\r\n\r\n", V::kStartLine},
      {"unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", V::kMethod},
      {"lower case method", "get / HTTP/1.1\r\nHost: a\r\n\r\n", V::kMethod},
      {"method no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", V::kStartLine},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", V::kStartLine},
      {"space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", V::kStartLine},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", V::kStartLine},
      {"tab for space", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", V::kStartLine},
      {"no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", V::kStartLine},
      {"TLS handshake", "\x16\x03\x01\x02"s, V::kControl},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"backslash", "GET /a\\b HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"broken percent", "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"encoded NUL", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"octet above ASCII", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"relative target", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"authority for GET", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"path for CONNECT", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", V::kTarget},
      {"long target", "GET /" + std::string(64, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", V::kTooLarge
      },
      {"endless target", "GET /" + std::string(400, 'a'), V::kTooLarge},
      {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", std::nullopt},
      {"two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", V::kStartLine},
      {"options asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", std::nullopt},
      {"absolute target", "GET http://a/b HTTP/1.1\r\nHost: A:80\r\n\r\n", std::nullopt},
      {"connect", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", std::nullopt},
  };
  return kCases;
}

const std::vector<Case>& fieldLines() {
  static const std::vector<Case> kCases = {
      {"bare LF", "GET / HTTP/1.1\nHost: a\n\n", V::kLineEnding},
      {"bare LF in the middle", get("X: a\nY: b\r\n"), V::kLineEnding},
      {"bare CR", get("X: a\rY: b\r\n"), V::kLineEnding},
      {"CR CR LF", get("X: a\r\r\n"), V::kLineEnding},
      {"DEL", get("X: a\x7f\r\n"), V::kControl},
      {"escape", get("X: \x1b[0m\r\n"), V::kControl},
      {"tab in a value", get("X: a\tb\r\n"), std::nullopt},
      {"octets above ASCII", get("X: \xc3\xa4\r\n"), std::nullopt},
      {"no colon", get("X\r\n"), V::kField},
      {"no name", get(": a\r\n"), V::kField},
      {"name no token", get("X[0]: a\r\n"), V::kField},
      {"tab before the colon", get("X\t: a\r\n"), V::kField},
      {"folded with a tab", get("X: a\r\n\tb\r\n"), V::kField},
      {"white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", V::kField},
      {"empty value", get("X:\r\n"), std::nullopt},
      {"no host", "GET / HTTP/1.1\r\n\r\n", V::kHost},
      {"no host in 1.0", "GET / HTTP/1.0\r\n\r\n", std::nullopt},
      {"two equal hosts", get("Host: a\r\n"), V::kHost},
      {"host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", V::kHost},
      {"host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", V::kHost},
      {"host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", V::kHost},
      {"host with a bad port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", V::kHost},
      {"another host than the target's", "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", std::nullopt},
      {"no host beside the target's", "GET http://a/ HTTP/1.1\r\n\r\n", V::kHost},
      {"two hosts beside it", "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", V::kHost},
      {"an invalid one beside it", "GET http://a/ HTTP/1.1\r\nHost: a/b\r\n\r\n", V::kHost},
      {"as many fields as allowed", get("A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n"), std::nullopt},
      {"too many fields", get("A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\nF: 1\r\n"), V::kTooLarge},
      {"large section", get("X: " + std::string(260, 'x') + "\r\n"), V::kTooLarge},
      {"endless section", "GET / HTTP/1.1\r\nX: " + std::string(400, 'x'), V::kTooLarge},
  };
  return kCases;
}

const std::vector<Case>& framings() {
  static const std::vector<Case> kCases = {
      {"equal lengths", post("Content-Length: 1\r\nContent-Length: 1\r\n", "a"), V::kFraming},
      {"length list", post("Content-Length: 1, 1\r\n", "a"), V::kFraming},
      {"empty length", post("Content-Length:\r\n"), V::kFraming},
      {"negative length", post("Content-Length: -1\r\n"), V::kFraming},
      {"hexadecimal length", post("Content-Length: 0x3\r\n", "abc"), V::kFraming},
      {"length with a tail", post("Content-Length: 3a\r\n", "abc"), V::kFraming},
      {"length with a space inside", post("Content-Length: 1 0\r\n", "abc"), V::kFraming},
      {"length beyond 64 bits", post("Content-Length: 18446744073709551617\r\n"), V::kFraming},
      {"length beyond 63 bits", post("Content-Length: 9223372036854775808\r\n"), V::kFraming},
      {"coding list", post("Transfer-Encoding: gzip, chunked\r\n"), V::kFraming},
      {"chunked twice", post("Transfer-Encoding: chunked, chunked\r\n"), V::kFraming},
      {"two coding lines",
       post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       V::kFraming},
      {"identity", post("Transfer-Encoding: identity\r\n"), V::kFraming},
      {"empty coding", post("Transfer-Encoding:\r\n"), V::kFraming},
      {"quoted coding", post("Transfer-Encoding: \"chunked\"\r\n"), V::kFraming},
      {"coding with a parameter", post("Transfer-Encoding: chunked;q=1\r\n"), V::kFraming},
      {"vertical tab",
       post("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       V::kControl},
      {"chunked in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", V::kFraming},
      {"chunked in capitals", post("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), std::nullopt},
      {"white space before chunked",
       post("Transfer-Encoding: \t chunked\r\n", "0\r\n\r\n"),
       std::nullopt},
      {"white space behind chunked",
       post("Transfer-Encoding: chunked \r\n", "0\r\n\r\n"),
       V::kFraming},
      {"tab behind chunked", post("Transfer-Encoding: chunked\t\r\n", "0\r\n\r\n"), V::kFraming},
      {"length 0", post("Content-Length: 0\r\n"), std::nullopt},
      {"leading zeros", post("Content-Length: 003\r\n", "abc"), std::nullopt},
  };
  return kCases;
}

const std::vector<Case>& chunks() {
  static const std::vector<Case> kCases = {
      {"plain", chunked("3\r\nabc\r\n0\r\n\r\n"), std::nullopt},
      {"capitals and zeros", chunked("000A\r\n0123456789\r\n00\r\n\r\n"), std::nullopt},
      {"extension", chunked("3;a=b;c=\"d e\"\r\nabc\r\n0;x\r\n\r\n"), std::nullopt},
      {"space before an extension", chunked("3 ;a\r\nabc\r\n0\r\n\r\n"), std::nullopt},
      {"trailers", chunked("0\r\nX: a\r\nY: b\r\n\r\n"), std::nullopt},
      {"hexadecimal prefix", chunked("0x3\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"signed size", chunked("+3\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"negative size", chunked("-1\r\n"), V::kChunk},
      {"no size", chunked("\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"only an extension", chunked(";a\r\n"), V::kChunk},
      {"space before the size", chunked(" 3\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"space behind the size", chunked("3 \r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"size overflow", chunked("10000000000000003\r\nabc\r\n"), V::kChunk},
      {"endless zeros", chunked(std::string(20, '0') + "3\r\nabc\r\n"), V::kChunk},
      {"bare LF behind the size", chunked("3\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"bare LF behind the content", chunked("3\r\nabc\n0\r\n\r\n"), V::kChunk},
      {"CR without LF", chunked("3\rXabc\r\n0\r\n\r\n"), V::kChunk},
      {"content too long", chunked("3\r\nabcd\r\n0\r\n\r\n"), V::kChunk},
      {"control in an extension", chunked("3;a\x01\r\nabc\r\n"), V::kChunk},
      {"LF in an extension", chunked("3;a\n\r\nabc\r\n"), V::kChunk},
      {"endless extension", chunked("3;" + std::string(kChunkLine, 'a')), V::kChunk},
      {"trailer without colon", chunked("0\r\nX\r\n\r\n"), V::kField},
      {"trailer with space before the colon", chunked("0\r\nX : a\r\n\r\n"), V::kField},
      {"length in trailers", chunked("0\r\nContent-Length: 3\r\n\r\n"), V::kFraming},
      {"coding in trailers", chunked("0\r\nTransfer-Encoding: chunked\r\n\r\n"), V::kFraming},
      {"tab before an extension", chunked("3\t;a\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"empty extension", chunked("3;\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"extension without a name", chunked("3;=b\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"extension without its value", chunked("3;a=\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"text behind quotes", chunked("3;a=\"b\"c\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"space in an extension", chunked("3;a b\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"quoted pair in an extension", chunked("3;a=\"\\\"\"\r\nabc\r\n0\r\n\r\n"), std::nullopt},
      {"open quotes in an extension", chunked("3;a=\"b\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"octet above ASCII in an extension", chunked("3;\xff\r\nabc\r\n0\r\n\r\n"), V::kChunk},
      {"folded trailer", chunked("0\r\nX: a\r\n b\r\n\r\n"), V::kField},
      {"bare LF in trailers", chunked("0\r\nX: a\n\r\n"), V::kLineEnding},
      {"control in trailers", chunked("0\r\nX: \x01\r\n\r\n"), V::kControl},
      {"too many trailers",
       chunked("0\r\nA:1\r\nB:1\r\nC:1\r\nD:1\r\nE:1\r\nF:1\r\nG:1\r\n\r\n"),
       V::kTooLarge},
      {"endless trailer", chunked("0\r\nX: " + std::string(300, 'x')), V::kTooLarge},
  };
  return kCases;
}

const std::vector<Case>& responses() {
  static const std::vector<Case> kCases = {
      {"plain", answer("Content-Length: 3\r\n", "abc"), std::nullopt},
      {"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", std::nullopt},
      {"empty reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", std::nullopt},
      {"until the end", answer("", "abc"), std::nullopt},
      {"204 with length 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", std::nullopt},
      {"304 with the length of what is not sent",
       "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
       std::nullopt},
      {"empty line first", "\r\n" + answer("Content-Length: 0\r\n"), V::kStartLine},
      {"rubbish", "SSH-2.0-OpenSSH_9.2\r\n\r\n", V::kStartLine},
      {"a request", get(""), V::kStartLine},
      {"HTTP/2", "HTTP/2 200 OK\r\n\r\n", V::kStartLine},
      {"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", V::kVersion},
      {"two digits", "HTTP/1.1 20 OK\r\n\r\n", V::kStartLine},
      {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", V::kStartLine},
      {"no digits", "HTTP/1.1 abc OK\r\n\r\n", V::kStartLine},
      {"status 099", "HTTP/1.1 099 Low\r\n\r\n", V::kStatus},
      {"status 600", "HTTP/1.1 600 High\r\n\r\n", V::kStatus},
      {"101 with a body", "HTTP/1.1 101 Switching\r\nContent-Length: 3\r\n\r\nabc", V::kFraming},
      {"204 with a body", "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", V::kFraming},
      {"204 with chunks",
       "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       V::kFraming},
      {"two lengths", answer("Content-Length: 1\r\nContent-Length: 1\r\n", "a"), V::kFraming},
      {"length and coding",
       answer("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       V::kFraming},
      {"other coding", answer("Transfer-Encoding: gzip\r\n", "abc"), V::kFraming},
      {"chunked in 1.0",
       "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       V::kFraming},
      {"signed length", answer("Content-Length: +3\r\n", "abc"), V::kFraming},
      {"space before the colon", answer("Content-Length : 3\r\n", "abc"), V::kField},
      {"folded line", answer("X: a\r\n b\r\n"), V::kField},
      {"NUL in a value", answer("X: \0\r\n"s), V::kControl},
      {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", V::kLineEnding},
      {"endless head", answer("X: " + std::string(300, 'x')), V::kTooLarge},
  };
  return kCases;
}

std::string verdict(std::optional<Violation> violation) {
  return violation ? std::string(toString(*violation)) : "accepted";
}

template <typename Message>
void expectVerdict(const Case& each, const Message& read, std::string_view how) {
  EXPECT_EQ(verdict(read.violation), verdict(each.verdict)) << each.what << ", " << how;
  if (!each.verdict) {
    EXPECT_TRUE(read.done) << each.what << ", " << how;
  }
}

class Requests : public testing::TestWithParam<const std::vector<Case>*> {};

TEST_P(Requests, GetTheirVerdictHoweverCut) {
  for (const Case& each : *GetParam()) {
    expectVerdict(each, readRequest(each.text, kLimits), "whole");
    expectVerdict(each, readRequest(each.text, kLimits, oneByOne), "octet by octet");
    expectVerdict(each, readRequest(each.text, kLimits, inSevens), "in sevens");
  }
}

INSTANTIATE_TEST_SUITE_P(
    H1Strict,
    Requests,
    testing::Values(&probes(), &startLines(), &fieldLines(), &framings(), &chunks())
);

TEST(H1Strict, ResponsesGetTheirVerdictHoweverCut) {
  for (const Case& each : responses()) {
    expectVerdict(each, readResponse(each.text, Method::kGet, kLimits), "whole");
    expectVerdict(each, readResponse(each.text, Method::kGet, kLimits, oneByOne), "octet by octet");
    expectVerdict(each, readResponse(each.text, Method::kGet, kLimits, inSevens), "in sevens");
  }
}

TEST(H1Strict, ManyTinyChunksAreRefusedOnceTheyAreMostlyFraming) {
  std::string tiny;
  for (std::uint32_t i = 0; i < 2 * kChunkExcess; ++i) {
    tiny += "1\r\na\r\n";
  }
  EXPECT_EQ(readRequest(chunked(tiny)).violation, V::kChunk);
  std::string small;
  for (std::uint32_t i = 0; i < 2 * kChunkExcess; ++i) {
    small += "2\r\nab\r\n";
  }
  EXPECT_EQ(readRequest(chunked(small + "0\r\n\r\n")).violation, std::nullopt);
}

TEST(H1Strict, RubbishIsRefusedBeforeItsLineEnds) {
  EXPECT_EQ(readRequest("\x16\x03").violation, V::kControl);
  EXPECT_EQ(readRequest("GET / HTTP/1.1\r\nHost: a\r\nX: \x01").violation, V::kControl);
  EXPECT_EQ(readRequest("GET / HTTP/1.1\r\nHost: a\rX").violation, V::kLineEnding);
}

TEST(H1Strict, StatusesOfReplies) {
  EXPECT_EQ(statusOf(V::kHost), 400);
  EXPECT_EQ(statusOf(V::kTooLarge), 431);
  EXPECT_EQ(statusOf(V::kVersion), 505);
  EXPECT_EQ(statusOf(V::kMethod), 501);
  EXPECT_EQ(toError(V::kTooLarge, Origin::kDownstream).kind(), ErrorKind::kHeadTooLarge);
  EXPECT_EQ(toError(V::kTooLarge, Origin::kUpstream).kind(), ErrorKind::kUpstreamInvalid);
}

}  // namespace
}  // namespace gatehouse::http
