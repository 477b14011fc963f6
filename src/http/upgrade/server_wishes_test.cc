// What a client may be told besides its reply: hints before it, trailers behind it, and bytes after
// a switch of protocols; and expectations that are not met.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "http/server_for_test.h"
#include "http/upgrade/tunnel.h"

namespace gatehouse::http {
namespace {

class ServerWishesTest : public testing::Test, protected ServerScene {
 protected:
  static ResponseHead hints() {
    ResponseHead head{.status = 103};
    head.fields.add("Link", "a");
    return head;
  }
  static Fields trailers() {
    Fields fields;
    fields.add("X-Sum", "7");
    fields.add("Set-Cookie", "a=b");
    return fields;
  }
  /// A chunked reply of "ab" with trailers, as it was sent.
  std::string trailed(std::string_view text) {
    Exchange exchange = request(text);
    exchange->writeHead({}, Framing::kChunked);
    exchange->setTrailers(trailers());
    EXPECT_TRUE(finish(*exchange, "ab"));
    const std::string sent = client->take();
    return sent.substr(sent.find("\r\n\r\n") + 4);
  }
};

TEST_F(ServerWishesTest, HintsLeaveAtOnceBeforeTheHead) {
  Exchange exchange = request(kGet);
  exchange->writeInterim(hints());
  loop.settle();
  EXPECT_EQ(client->take(), "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n");
  exchange->writeInterim(hints());
  reply(*exchange, "x");
  EXPECT_EQ(client->take(), "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + replyText("x"));
  EXPECT_EQ(exchange->counts().bytes_out, 1U);
}

TEST_F(ServerWishesTest, HintsAreNotForWhoWaitsForAnotherWord) {
  Exchange exchange =
      request("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  exchange->writeInterim(hints());
  loop.settle();
  EXPECT_EQ(client->take(), "");
  Running reading(loop, readAll(exchange->body()));
  EXPECT_EQ(client->take(), "HTTP/1.1 100 Continue\r\n\r\n");
}

/// Takes no byte while it is shut.
class ShutStream final : public CountingStream {
 public:
  using CountingStream::CountingStream;
  io::IoProgress tryWritev(std::span<const std::string_view> parts, std::size_t offset) override {
    return shut ? io::IoProgress{0, io::IoState::kWouldBlock}
                : CountingStream::tryWritev(parts, offset);
  }
  bool shut = false;
};

TEST_F(ServerWishesTest, HintsDoNotFallIntoAnInvitation) {
  auto [stream, other] = loop.connect();
  client = std::make_unique<TestPeer>(std::move(other));
  CountingStream::Counts counts;
  auto slow = std::make_unique<ShutStream>(std::move(stream), counts);
  ShutStream& door = *slow;
  server = serveHttp1(loop.reactor, std::move(slow), {}, shared);
  Exchange exchange =
      request("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n");
  door.shut = true;
  Running reading(loop, readAll(exchange->body()));
  door.shut = false;
  exchange->writeInterim(hints());
  loop.settle();
  EXPECT_EQ(client->take().find("103"), std::string::npos);
}

TEST_F(ServerWishesTest, HintsAreNotForHttp10) {
  Exchange exchange = request("GET /a HTTP/1.0\r\n\r\n");
  exchange->writeInterim(hints());
  loop.settle();
  EXPECT_EQ(client->take(), "");
}

TEST_F(ServerWishesTest, TrailersAreForWhoTakesThem) {
  EXPECT_EQ(
      trailed("GET /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n"),
      "2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n"
  );
  EXPECT_EQ(trailed(kGet), "2\r\nab\r\n0\r\n\r\n");
  EXPECT_EQ(trailed("GET /a HTTP/1.0\r\nTE: trailers\r\n\r\n"), "ab");
}

TEST_F(ServerWishesTest, TrailersFollowALastPieceThatIsEmpty) {
  Exchange exchange = request("GET /a HTTP/1.1\r\nHost: h\r\nTE: trailers\r\n\r\n");
  exchange->writeHead({}, Framing::kChunked);
  EXPECT_TRUE(write(*exchange, "ab"));
  exchange->setTrailers(trailers());
  EXPECT_TRUE(finish(*exchange, ""));
  EXPECT_TRUE(client->take().ends_with("2\r\nab\r\n0\r\nX-Sum: 7\r\n\r\n"));
}

TEST_F(ServerWishesTest, ASwitchLeavesAStreamAndWhatCameEarly) {
  Exchange exchange = request(std::string(kGet) + "early");
  ResponseHead head{.status = 101};
  head.fields.add("Upgrade", "websocket");
  exchange->writeHead(head, Framing::kNone);
  EXPECT_TRUE(std::move(Running(loop, exchange->flush())).result());
  const std::string sent = client->take();
  EXPECT_TRUE(sent.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << sent;
  EXPECT_TRUE(sent.ends_with("\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")) << sent;
  TunnelEnd* end = exchange->switched();
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(end->received, "early");
  end->bytes_in = 5;
  end->bytes_out = 7;
  EXPECT_EQ(exchange->counts().bytes_in, 5U);
  EXPECT_EQ(exchange->counts().bytes_out, 7U);
  exchange = nullptr;
  EXPECT_EQ(next(), nullptr);
  client->take();
  EXPECT_TRUE(client->ended());
}

TEST_F(ServerWishesTest, NobodyMeetsAnotherExpectation) {
  EXPECT_EQ(
      request("POST /a HTTP/1.1\r\nHost: h\r\nExpect: more\r\nContent-Length: 1\r\n\r\n"), nullptr
  );
  EXPECT_TRUE(client->take().starts_with("HTTP/1.1 417 Expectation Failed\r\n"));
  EXPECT_EQ(shared.refused[static_cast<std::size_t>(Violation::kExpectation)], 1U);
}

}  // namespace
}  // namespace gatehouse::http
