// Replies that are cut short or wait for their reader.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "http/server_for_test.h"

namespace gatehouse::http {
namespace {

constexpr ServerLimits kShort{.write_timeout = Seconds(7)};

class ServerRepliesTest : public testing::Test, protected ServerScene {
 protected:
  ServerRepliesTest() : ServerScene(kShort) {}
};

TEST_F(ServerRepliesTest, UnfinishedReplyDoesNotLookFinished) {
  Exchange exchange = request(kGet);
  exchange->writeHead({}, Framing::kChunked);
  EXPECT_TRUE(write(*exchange, "part").has_value());
  exchange = nullptr;
  loop.settle();
  std::string text = client->take();
  EXPECT_TRUE(text.ends_with("4\r\npart\r\n")) << text;
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(next(), nullptr);
}

TEST_F(ServerRepliesTest, ReplyIsHeldToItsLength) {
  ResponseHead head;
  head.fields.add("Content-Length", "3");
  Exchange exchange = request(kGet);
  exchange->writeHead(head, Framing::kLength);
  EXPECT_EQ(write(*exchange, "four").error().kind(), ErrorKind::kInternal);
  loop.settle();
  EXPECT_EQ(client->take(), "");
  EXPECT_TRUE(client->ended());
}

TEST_F(ServerRepliesTest, ShortReplyIsBrokenOff) {
  ResponseHead head;
  head.fields.add("Content-Length", "3");
  Exchange exchange = request(kGet);
  exchange->writeHead(head, Framing::kLength);
  EXPECT_EQ(finish(*exchange, "ab").error().kind(), ErrorKind::kInternal);
  client->take();
  EXPECT_TRUE(client->ended());
}

TEST_F(ServerRepliesTest, SlowReaderHoldsTheWriterBack) {
  Exchange exchange = request(kGet);
  exchange->writeHead({}, Framing::kChunked);
  std::string large(4 << 20, 'x');
  Running<Result<void>> writing(loop, exchange->finish(large));
  EXPECT_FALSE(writing.done());
  std::size_t got = 0;
  for (int i = 0; i < 1000 && !writing.done(); ++i) {
    got += client->take().size();
    loop.wait(Seconds(5));
  }
  ASSERT_TRUE(writing.done());
  EXPECT_TRUE(writing.result().has_value()) << "each step was within the limit";
  EXPECT_GT(got + client->take().size(), large.size());
  EXPECT_GE(exchange->counts().stall, Seconds(5));
}

TEST_F(ServerRepliesTest, ReaderThatTakesNothingIsATimeout) {
  Exchange exchange = request(kGet);
  exchange->writeHead({}, Framing::kChunked);
  std::string large(4 << 20, 'x');
  Running<Result<void>> writing(loop, exchange->write(large));
  loop.wait(Seconds(6));
  EXPECT_FALSE(writing.done());
  loop.wait(Seconds(2));
  ASSERT_TRUE(writing.done());
  EXPECT_EQ(writing.result().error().kind(), ErrorKind::kTimeout);
}

TEST_F(ServerRepliesTest, OfACutReplyWhatTheKernelTookIsCounted) {
  Exchange exchange = request(kGet);
  exchange->writeHead({}, Framing::kChunked);
  EXPECT_FALSE(exchange->counts().begun) << "a head that waits has not left";
  Running<Result<void>> writing(loop, exchange->write(std::string(4 << 20, 'x')));
  loop.wait(Seconds(8));
  ASSERT_FALSE(writing.result().has_value());
  const std::uint64_t counted = exchange->counts().bytes_out;
  EXPECT_TRUE(exchange->counts().begun);
  exchange = nullptr;
  const std::string got = client->take();
  EXPECT_EQ(counted, got.size() - got.find('x', got.find("\r\n400000\r\n")));
}

}  // namespace
}  // namespace gatehouse::http
