// What an upstream may send of HTTP/2 that brings nothing, or breaks its rules.
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/h2/h2_client.h"
#include "http/h2/h2_client_for_test.h"

namespace gatehouse::http {
namespace {

class H2ClientFloodsTest : public testing::Test, protected H2ClientScene {
 protected:
  H2ClientFloodsTest() : H2ClientScene(ClientLimits{}) {}
};

// Each of them ends the connection, and tells why to whoever waits for it.
TEST_F(H2ClientFloodsTest, FloodsEndTheConnection) {
  const std::vector<std::pair<Frame, std::string>> floods = {
      {{.type = FrameType::kPing, .payload = std::string(8, 'x')}, "h2_flood"},
      {{.type = FrameType::kSettings}, "h2_flood"},
      {{.type = FrameType::kPriority, .stream = 1, .payload = number(0, 4) + "x"}, "h2_flood"},
      {{.type = FrameType::kWindowUpdate, .payload = number(1, 4)}, "h2_flood"},
      {{.type = FrameType::kReset, .stream = 1, .payload = number(8, 4)}, "h2_rapid_reset"},
      {{.type = FrameType::kData, .stream = 3}, "h2_flood"},
  };
  for (const auto& [frame, problem] : floods) {
    H2ClientScene scene;
    scene.greet();
    auto first = scene.get();
    auto second = scene.get();
    scene.upstream->headers(3, responseFields());
    scene.loop.settle();
    std::string many;
    for (int i = 0; i < 500; ++i) {
      many += bytesOf(frame);
    }
    for (int i = 0; i < 30 && !scene.client->over(); ++i) {
      scene.upstream->send(many);
      scene.loop.settle();
      scene.upstream->take();
    }
    EXPECT_TRUE(scene.client->over()) << problem;
    Result<std::string> rest = second->rest();
    ASSERT_FALSE(rest.has_value());
    EXPECT_EQ(rest.error().kind(), ErrorKind::kUpstreamInvalid);
    EXPECT_NE(rest.error().detail().find(problem), std::string::npos) << rest.error().detail();
  }
}

// RFC 9113 section 8.1: who has answered may reset what is left of the request.
TEST_F(H2ClientFloodsTest, EveryRequestMayBeResetOnce) {
  greet();
  for (std::uint32_t stream = 1; stream < 4000; stream += 2) {
    auto asked = get();
    upstream->headers(stream, responseFields(), kEndStream);
    upstream->send(Frame{.type = FrameType::kReset, .stream = stream, .payload = number(0, 4)});
    loop.settle();
    upstream->take();
    ASSERT_TRUE(asked->done() && asked->response().has_value()) << stream;
  }
  EXPECT_FALSE(client->over());
}

TEST_F(H2ClientFloodsTest, BrokenFramesEndTheConnection) {
  const std::vector<Frame> broken = {
      {.type = FrameType::kData, .stream = 99, .payload = "of no stream"},
      {.type = FrameType::kPushPromise,
       .flags = kEndHeaders,
       .stream = 1,
       .payload = number(2, 4) + packed(requestFields("GET", "/"))},
      {.type = FrameType::kHeaders, .flags = kEndHeaders, .stream = 2, .payload = packed({})},
      {.type = FrameType::kHeaders, .flags = kEndHeaders, .stream = 1, .payload = "\xff\xff\xff"},
      {.type = FrameType::kWindowUpdate, .stream = 0, .payload = number(0, 4)},
      {.type = FrameType::kContinuation, .stream = 1, .payload = "x"},
  };
  for (const Frame& frame : broken) {
    H2ClientScene scene;
    scene.greet();
    auto asked = scene.get();
    scene.upstream->send(frame);
    scene.loop.settle();
    ASSERT_TRUE(asked->done()) << static_cast<int>(frame.type) << " " << frame.stream;
    EXPECT_EQ(asked->response().error().kind(), ErrorKind::kUpstreamInvalid);
    EXPECT_TRUE(scene.client->over());
  }
}

}  // namespace
}  // namespace gatehouse::http
