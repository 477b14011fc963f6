#include "http/trailers/trailers.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse::http {
namespace {

Fields section(std::vector<std::pair<std::string, std::string>> lines) {
  Fields fields;
  for (const auto& [name, value] : lines) {
    fields.add(std::string_view(name), value);
  }
  return fields;
}

std::string textOf(const Fields& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    text.append(fields.at(i).name).append("=").append(fields.at(i).value).append(" ");
  }
  return text;
}

TEST(Trailers, AreTakenWhereTeSaysSo) {
  EXPECT_TRUE(takesTrailers(section({{"TE", "trailers"}})));
  EXPECT_TRUE(takesTrailers(section({{"te", "gzip;q=0.5, Trailers"}})));
  EXPECT_FALSE(takesTrailers(section({{"TE", "gzip"}})));
  EXPECT_FALSE(takesTrailers(section({{"Trailer", "trailers"}})));
}

TEST(Trailers, AreNoneOfTheFieldsThatMustComeFirst) {
  for (const std::string_view name :
       {"Content-Length",
        "transfer-encoding",
        "Host",
        "Authorization",
        "x-api-key",
        "cookie",
        "Set-Cookie",
        "TE",
        "Trailer",
        "connection",
        "Cache-Control",
        "If-Match",
        "Range",
        "Content-Type",
        "Content-Encoding",
        "Max-Forwards",
        "X-Forwarded-For",
        "Forwarded"}) {
    EXPECT_FALSE(mayTrail(name)) << name;
  }
  for (const std::string_view name : {"grpc-status", "X-Checksum", "Server-Timing", "ETag"}) {
    EXPECT_TRUE(mayTrail(name)) << name;
  }
}

TEST(Trailers, OfARequestAreThoseAnnouncedThatMayTrail) {
  EXPECT_EQ(
      trailersIn(section({{"Trailer", "X-Sum, Host"}, {"Trailer", "b ad, x-two"}})), "X-Sum, x-two"
  );
  EXPECT_EQ(trailersIn(section({{"X", "y"}})), "");
}

TEST(Trailers, ArePassedOnIfAnnounced) {
  const Fields trailers = section({{"x-sum", "1"}, {"X-Other", "2"}, {"Host", "evil"}});
  EXPECT_EQ(textOf(announcedTrailers(trailers, "X-Sum, host")), "x-sum=1 ");
  EXPECT_EQ(textOf(allowedTrailers(trailers)), "x-sum=1 X-Other=2 ");
}

TEST(Trailers, FollowTheLastChunk) {
  std::string out = "x";
  writeLastChunk(out, section({{"A", "1"}, {"B", "2"}}));
  EXPECT_EQ(out, "x0\r\nA: 1\r\nB: 2\r\n\r\n");
}

}  // namespace
}  // namespace gatehouse::http
