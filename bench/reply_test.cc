#include "reply.h"

#include <string>

#include <gtest/gtest.h>

#include "wire.h"

namespace gatehouse::bench {
namespace {

std::size_t eventsIn(std::string_view text) {
  EventCount count;
  count.take(text);
  return count.events();
}

TEST(EventCount, ABlankLineEndsAnEvent) {
  EXPECT_EQ(eventsIn("data: a\n\ndata: b\ndata: c\n\n"), 2);
  EXPECT_EQ(eventsIn("event: x\r\ndata: a\r\n\r\n"), 1);
  EXPECT_EQ(eventsIn("data: not ended\n"), 0);
}

TEST(EventCount, CommentsAndMoreBlankLinesAreNoEvents) {
  EXPECT_EQ(eventsIn(": ping\n\n\n\ndata: a\n\n\n"), 1);
  EXPECT_EQ(eventsIn(": ping\ndata: a\n\n"), 1);
}

TEST(Reply, CountsTheSameEventsHoweverTheBytesAreCut) {
  const std::string bytes = streamHead() + streamChunk() + streamChunk() + streamEnd();
  for (std::size_t step = 1; step < bytes.size(); ++step) {
    Reply reply;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      EXPECT_FALSE(reply.done());
      reply.take(std::string_view(bytes).substr(at, step));
    }
    EXPECT_TRUE(reply.done());
    EXPECT_EQ(reply.events(), 2 + kEndEvents);
  }
}

TEST(Reply, EventsAreNotChunks) {
  Reply reply;
  reply.take("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  reply.take("9\r\ndata: a\n\n\r\n");
  reply.take("4\r\ndata\r\n1B\r\n: b\n\ndata: c\n\ndata: d\ndata:\r\n");
  EXPECT_EQ(reply.events(), 3);
  reply.take("4\r\n e\n\n\r\n0\r\n\r\n");
  EXPECT_EQ(reply.events(), 4);
  EXPECT_TRUE(reply.done());
}

TEST(Reply, EndsAtItsLength) {
  const std::string bytes = chatReply();
  Reply reply;
  reply.take(std::string_view(bytes).substr(0, bytes.size() - 1));
  EXPECT_TRUE(reply.begun());
  EXPECT_FALSE(reply.done());
  reply.take(std::string_view(bytes).substr(bytes.size() - 1));
  EXPECT_TRUE(reply.done());
  reply.take("x");
  EXPECT_TRUE(reply.bad());
}

TEST(Reply, AnotherStatusOrNoLengthIsBad) {
  Reply refused;
  refused.take("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(refused.bad());
  Reply endless;
  endless.take("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(endless.bad());
  Reply broken;
  broken.take("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n");
  EXPECT_TRUE(broken.bad());
}

}  // namespace
}  // namespace gatehouse::bench
