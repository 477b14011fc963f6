#include <cstddef>
#include <string>

#include <gtest/gtest.h>

#include "http/h2/h2_for_test.h"
#include "http/server_connection.h"

namespace gatehouse::http {
namespace {

TEST(H2ServerTimeTest, AHeadHasItsTime) {
  SeenRefused refused;
  Greeted scene({.head_timeout = Seconds(5)}, &refused);
  scene.client->send({FrameType::kHeaders, 0, 1, packed(requestFields("GET", "/"))});
  scene.loop.wait(Seconds(4));
  EXPECT_TRUE(scene.client->goaways().empty());
  scene.loop.wait(Seconds(2));
  EXPECT_EQ(scene.shared.slow_heads, 1U);
  EXPECT_EQ(refused.lost, 1);
  scene.expectEnd(0, "request_timeout");
}

TEST(H2ServerTimeTest, ThePrefaceHasItsTime) {
  H2Scene scene({.head_timeout = Seconds(5)});
  scene.loop.wait(Seconds(60));
  EXPECT_FALSE(scene.over) << "nothing has begun";
  scene.client->send(kPreface.substr(0, 20));
  scene.loop.wait(Seconds(6));
  scene.client->close();
  scene.loop.settle();
  EXPECT_TRUE(scene.over);
  EXPECT_EQ(scene.server->protocolError(), "request_timeout");
}

TEST(H2ServerTimeTest, AFrameHasItsTime) {
  const std::string ping = bytesOf({FrameType::kPing, 0, 0, "12345678"});
  const std::string trailers = bytesOf({FrameType::kHeaders, kEndStream, 1, packed({{"a", "b"}})});
  for (const std::string& begun :
       {ping.substr(0, 1), ping.substr(0, 8), ping.substr(0, 10), trailers}) {
    Greeted scene({.head_timeout = Seconds(5)});
    scene.client->headers(1, requestFields("POST", "/"));
    scene.loop.wait(Seconds(60));
    scene.client->send(begun);
    scene.loop.wait(Seconds(4));
    EXPECT_TRUE(scene.client->goaways().empty());
    scene.loop.wait(Seconds(2));
    EXPECT_EQ(scene.shared.slow_heads, 0U);
    scene.expectEnd(0, "h2_slow_frame");
  }
}

TEST(H2ServerTimeTest, AFrameThatTricklesInIsCutOff) {
  Greeted scene({.head_timeout = Seconds(5)});
  const std::string frame = bytesOf({static_cast<FrameType>(0xbe), 0, 0, std::string(100, 'x')});
  scene.get(1);
  for (std::size_t at = 0; at < 9 && scene.client->goaways().empty(); ++at) {
    scene.client->send(frame.substr(at, 1));
    scene.loop.wait(Seconds(1));
  }
  scene.expectEnd(0, "h2_slow_frame");
}

TEST(H2ServerTimeTest, FramesThatTrickleInOneAfterTheOtherAreFine) {
  Greeted scene({.head_timeout = Seconds(5)});
  scene.get(1);
  const std::string ping = bytesOf({FrameType::kPing, 0, 0, "12345678"});
  scene.client->send(ping.substr(0, 10));
  for (int i = 0; i < 10; ++i) {
    scene.loop.wait(Seconds(4));
    scene.client->send(ping.substr(10) + ping.substr(0, 10));
    scene.loop.settle();
  }
  EXPECT_TRUE(scene.client->goaways().empty());
}

TEST(H2ServerTimeTest, ContentMayTrickleInAsLongAsItComes) {
  Greeted scene({.head_timeout = Seconds(5), .body_timeout = Seconds(20)});
  scene.client->headers(1, requestFields("POST", "/"));
  const std::string frame = bytesOf({FrameType::kData, kEndStream, 1, std::string(10, 'x')});
  scene.client->send(frame.substr(0, 9));
  for (std::size_t at = 9; at < frame.size(); ++at) {
    scene.loop.wait(Seconds(15));
    scene.client->send(frame.substr(at, 1));
    scene.loop.settle();
  }
  ASSERT_EQ(scene.exchanges.size(), 1U);
  EXPECT_EQ(scene.body(*scene.exchanges[0]), std::string(10, 'x'));
  scene.client->headers(3, requestFields("POST", "/"));
  scene.client->send(bytesOf({FrameType::kData, 0, 3, "abc"}).substr(0, 10));
  scene.loop.wait(Seconds(20));
  EXPECT_TRUE(scene.client->goaways().empty());
  scene.loop.wait(Seconds(2));
  scene.expectEnd(0, "h2_slow_frame");
}

TEST(H2ServerTimeTest, ABodyHasItsTime) {
  Greeted scene({.body_timeout = Seconds(5)});
  scene.client->headers(1, requestFields("POST", "/"));
  scene.loop.settle();
  Running<Result<Piece>> pulling(scene.loop, scene.exchanges[0]->body()->pull());
  scene.loop.wait(Seconds(6));
  ASSERT_TRUE(pulling.done());
  EXPECT_EQ(pulling.result().error().kind(), ErrorKind::kTimeout);
}

TEST(H2ServerTimeTest, AnIdleConnectionIsEnded) {
  Greeted scene({.idle_timeout = Seconds(100)});
  scene.get(1);
  scene.loop.wait(Seconds(1000));
  EXPECT_TRUE(scene.client->goaways().empty()) << "a request is running";
  scene.reply(scene.exchanges[0], "x");
  scene.loop.wait(Seconds(99));
  EXPECT_TRUE(scene.client->goaways().empty());
  scene.loop.wait(Seconds(2));
  EXPECT_FALSE(scene.client->goaways().empty());
  scene.loop.wait(Seconds(2));
  scene.loop.wait(Seconds(3));
  EXPECT_TRUE(scene.over);
  EXPECT_TRUE(scene.client->ended());
}

}  // namespace
}  // namespace gatehouse::http
