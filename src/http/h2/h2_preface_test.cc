#include <array>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "http/h1_strict.h"
#include "http/h2/h2_for_test.h"
#include "http/server_connection.h"

namespace gatehouse::http {
namespace {

/// One that begins as HTTP/1.1.
struct FirstScene {
  explicit FirstScene(Http2 preface) {
    auto [stream, other] = loop.connect();
    client = std::make_unique<FrameClient>(std::move(other));
    first = serveHttp1(loop.reactor, std::move(stream), {}, shared, nullptr, preface);
  }

  TestLoop loop;
  ServerShared shared;
  std::unique_ptr<FrameClient> client;
  std::unique_ptr<ServerConnection> first;
};

TEST(Http2PrefaceTest, IsSeenHoweverItIsCut) {
  std::string hello =
      std::string(kPreface) + bytesOf({.type = FrameType::kSettings}) +
      bytesOf({FrameType::kHeaders, kEndHeaders | kEndStream, 1, packed(requestFields("GET", "/a"))}
      );
  for (std::size_t cut = 0; cut < hello.size(); ++cut) {
    FirstScene scene(Http2::kTaken);
    Running<std::unique_ptr<ServerExchange>> next(scene.loop, scene.first->next());
    scene.client->send(hello.substr(0, cut));
    scene.loop.settle();
    scene.client->send(hello.substr(cut));
    scene.loop.settle();
    ASSERT_TRUE(next.done()) << cut;
    EXPECT_EQ(next.result(), nullptr);
    std::unique_ptr<ServerConnection> second = scene.first->takeHttp2();
    ASSERT_NE(second, nullptr) << cut;
    scene.first = nullptr;
    Running<std::unique_ptr<ServerExchange>> exchange(scene.loop, second->next());
    ASSERT_TRUE(exchange.done());
    EXPECT_EQ(exchange.result()->head().target, "/a");
    EXPECT_TRUE(second->takeAcceptWait());
    exchange.result() = nullptr;
  }
}

TEST(Http2PrefaceTest, IsNoRefusedRequest) {
  TestLoop loop;
  ServerShared shared;
  auto [stream, other] = loop.connect();
  auto first = serveHttp1(loop.reactor, std::move(stream), {}, shared, nullptr, Http2::kTaken);
  other.send(kPreface);
  Running<std::unique_ptr<ServerExchange>> next(loop, first->next());
  ASSERT_TRUE(next.done());
  EXPECT_EQ(shared.refused, (std::array<std::uint64_t, kViolations>{}));
}

TEST(Http2PrefaceTest, IsRefusedWhereItIsNotTaken) {
  FirstScene scene(Http2::kRefused);
  scene.client->hello();
  Running<std::unique_ptr<ServerExchange>> next(scene.loop, scene.first->next());
  EXPECT_TRUE(scene.client->peer().take().starts_with("HTTP/1.1 505 "));
  EXPECT_EQ(scene.first->takeHttp2(), nullptr);
}

TEST(Http2PrefaceTest, IsRefusedBehindARequest) {
  FirstScene scene(Http2::kTaken);
  scene.client->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kPreface));
  {
    Running<std::unique_ptr<ServerExchange>> next(scene.loop, scene.first->next());
    ASSERT_TRUE(next.done());
    next.result()->writeHead({}, Framing::kNone);
    Running<Result<void>> done(scene.loop, next.result()->finish({}));
    next.result() = nullptr;
  }
  scene.client->peer().take();
  Running<std::unique_ptr<ServerExchange>> next(scene.loop, scene.first->next());
  EXPECT_TRUE(scene.client->peer().take().starts_with("HTTP/1.1 505 "));
  EXPECT_EQ(scene.first->takeHttp2(), nullptr);
}

}  // namespace
}  // namespace gatehouse::http
