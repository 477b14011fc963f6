#include "http/h2/request_head.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;
using V = Violation;

constexpr HeadLimits kLimits{.target = 64, .field_section = 512, .field_count = 12};

struct Read {
  Checked<H2Framing> framing;
  RequestHead head{.method = Method::kOther};
};

Read read(const FieldList& fields) {
  H2RequestHead reader(kLimits);
  for (const auto& [name, value] : fields) {
    reader.add(name, value);
  }
  Read read{.framing = {}};
  read.framing = reader.take(read.head);
  return read;
}

FieldList get(const FieldList& more) {
  FieldList fields = {
      {":method", "GET"}, {":scheme", "https"}, {":authority", "h:8"}, {":path", "/a"}
  };
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST(H2RequestHeadTest, AWholeHead) {
  Read seen = read(get(
      {{"accept", "x"},
       {"cookie", "a=1"},
       {"te", "Trailers"},
       {"cookie", "b=2"},
       {"content-length", "7"},
       {"expect", "100-continue"},
       {"x-empty", ""}}
  ));
  ASSERT_TRUE(seen.framing);
  EXPECT_EQ(seen.framing->length, 7U);
  EXPECT_TRUE(seen.framing->expects_continue);
  EXPECT_EQ(seen.head.method, Method::kGet);
  EXPECT_EQ(seen.head.target, "/a");
  EXPECT_EQ(seen.head.authority, "h:8");
  EXPECT_EQ(seen.head.version, Version::kHttp2);
  EXPECT_EQ(seen.head.fields.get("accept"), "x");
  EXPECT_EQ(seen.head.fields.get("x-empty"), "");
  EXPECT_EQ(seen.head.fields.count("cookie"), 1U);
  EXPECT_EQ(seen.head.fields.get("cookie"), "a=1; b=2") << "crumbs are one field again";
}

TEST(H2RequestHeadTest, HostStandsInForTheAuthority) {
  FieldList fields = {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "h"}};
  Read seen = read(fields);
  ASSERT_TRUE(seen.framing);
  EXPECT_EQ(seen.head.authority, "h");
  EXPECT_FALSE(seen.head.fields.has("host"));
  EXPECT_TRUE(read(get({{"host", "H:8"}})).framing) << "and may say the same";
}

TEST(H2RequestHeadTest, OtherTargets) {
  Read asterisk =
      read({{":method", "OPTIONS"}, {":scheme", "http"}, {":authority", "h"}, {":path", "*"}});
  ASSERT_TRUE(asterisk.framing);
  EXPECT_EQ(asterisk.head.target, "*");
  Read tunnel = read({{":method", "CONNECT"}, {":authority", "h:443"}});
  ASSERT_TRUE(tunnel.framing);
  EXPECT_EQ(tunnel.head.authority, "h:443");
}

TEST(H2RequestHeadTest, OneHeadAfterTheOther) {
  H2RequestHead reader(kLimits);
  RequestHead head;
  reader.add(":bad", "");
  EXPECT_FALSE(reader.take(head));
  for (const auto& [name, value] : get({})) {
    reader.add(name, value);
  }
  EXPECT_TRUE(reader.take(head));
  EXPECT_EQ(reader.size(), 0U);
}

struct BadCase {
  const char* what;
  FieldList fields;
  Violation violation;
};

TEST(H2RequestHeadTest, WhatIsMalformed) {
  const FieldList plain = get({});
  auto without = [&plain](std::size_t index) {
    FieldList fields = plain;
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(index));
    return fields;
  };
  auto with = [&plain](std::size_t index, std::string value) {
    FieldList fields = plain;
    fields[index].second = std::move(value);
    return fields;
  };
  const std::string nul("a\0b", 3);
  const std::vector<BadCase> cases = {
      {"no method", without(0), V::kPseudoField},
      {"no scheme", without(1), V::kPseudoField},
      {"no authority", without(2), V::kHost},
      {"no path", without(3), V::kPseudoField},
      {"two methods", get({{":method", "GET"}}), V::kPseudoField},
      {"two paths", get({{":path", "/b"}}), V::kPseudoField},
      {"pseudo behind a field",
       {plain[0], plain[1], {"a", "b"}, plain[2], plain[3]},
       V::kPseudoField},
      {"pseudo behind Host",
       {plain[0], {"host", "h:8"}, plain[1], plain[2], plain[3]},
       V::kPseudoField},
      {"of responses", get({{":status", "200"}}), V::kPseudoField},
      {"unknown pseudo", get({{":protocol", "websocket"}}), V::kPseudoField},
      {"pseudo in capitals", get({{":Path", "/"}}), V::kPseudoField},
      {"other scheme", with(1, "ftp"), V::kPseudoField},
      {"unknown method", with(0, "BREW"), V::kMethod},
      {"method with a line end", with(0, "GET / HTTP/1.1\r\nX: y"), V::kPseudoField},
      {"empty method", with(0, ""), V::kPseudoField},
      {"empty path", with(3, ""), V::kTarget},
      {"absolute path", with(3, "http://other/"), V::kTarget},
      {"asterisk for GET", with(3, "*"), V::kTarget},
      {"space in the path", with(3, "/a b"), V::kTarget},
      {"line end in the path", with(3, "/a\r\nX: y"), V::kTarget},
      {"fragment", with(3, "/a#b"), V::kTarget},
      {"long path", with(3, "/" + std::string(64, 'a')), V::kTooLarge},
      {"user in the authority", with(2, "u@h"), V::kHost},
      {"empty authority", with(2, ""), V::kHost},
      {"line end in the authority", with(2, "h\r\nX: y"), V::kHost},
      {"another Host", get({{"host", "other"}}), V::kHost},
      {"two Hosts", get({{"host", "h:8"}, {"host", "h:8"}}), V::kHost},
      {"CONNECT with a path", with(0, "CONNECT"), V::kPseudoField},
      {"capitals", get({{"Accept", "x"}}), V::kField},
      {"space in a name", get({{"a b", "x"}}), V::kField},
      {"colon in a name", get({{"a:b", "x"}}), V::kField},
      {"line end in a name", get({{"a\r\nb", "x"}}), V::kField},
      {"empty name", get({{"", "x"}}), V::kField},
      {"NUL in a value", get({{"a", nul}}), V::kControl},
      {"CR in a value", get({{"a", "b\rc"}}), V::kControl},
      {"LF in a value", get({{"a", "b\nc"}}), V::kControl},
      {"line end in a cookie", get({{"cookie", "b\r\nc"}}), V::kControl},
      {"space before a value", get({{"a", " b"}}), V::kField},
      {"tab behind a value", get({{"a", "b\t"}}), V::kField},
      {"connection", get({{"connection", "close"}}), V::kConnectionField},
      {"keep-alive", get({{"keep-alive", "1"}}), V::kConnectionField},
      {"proxy-connection", get({{"proxy-connection", "x"}}), V::kConnectionField},
      {"transfer-encoding", get({{"transfer-encoding", "chunked"}}), V::kConnectionField},
      {"upgrade", get({{"upgrade", "h2c"}}), V::kConnectionField},
      {"te", get({{"te", "trailers, gzip"}}), V::kConnectionField},
      {"length with a sign", get({{"content-length", "+1"}}), V::kFraming},
      {"empty length", get({{"content-length", ""}}), V::kFraming},
      {"two lengths", get({{"content-length", "1"}, {"content-length", "1"}}), V::kFraming},
      {"too many fields", get(FieldList(9, {"a", "b"})), V::kTooLarge},
      {"too much", get({{"a", std::string(600, 'x')}}), V::kTooLarge},
  };
  for (const BadCase& bad : cases) {
    Read seen = read(bad.fields);
    ASSERT_FALSE(seen.framing) << bad.what;
    EXPECT_EQ(toString(seen.framing.error()), toString(bad.violation)) << bad.what;
    EXPECT_TRUE(seen.head.fields.empty()) << bad.what;
  }
}

TEST(H2RequestHeadTest, WhatIsKnownOfARefusedHead) {
  Read seen = read(get({{"connection", "close"}}));
  ASSERT_FALSE(seen.framing);
  EXPECT_EQ(seen.head.method, Method::kGet);
  EXPECT_EQ(seen.head.path(), "/a");
  EXPECT_EQ(seen.head.authority, "h:8");
}

}  // namespace
}  // namespace gatehouse::http
