#include "http/h2/h2_server.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "http/body_filters.h"
#include "http/h2/h2_for_test.h"
#include "http/server_connection.h"

namespace gatehouse::http {
namespace {

class H2ServerTest : public testing::Test, protected H2Scene {
 protected:
  H2ServerTest() {
    client->hello();
    loop.settle();
  }
};

TEST_F(H2ServerTest, ARequestAndItsReply) {
  client->headers(
      1, requestFields("GET", "/a?b=c", {{"accept", "x"}, {"te", "trailers"}}), kEndStream
  );
  loop.settle();
  ASSERT_EQ(exchanges.size(), 1U);
  RequestHead& head = exchanges[0]->head();
  EXPECT_EQ(head.method, Method::kGet);
  EXPECT_EQ(head.target, "/a?b=c");
  EXPECT_EQ(head.authority, "h");
  EXPECT_EQ(head.version, Version::kHttp2);
  EXPECT_EQ(head.fields.get("accept"), "x");
  EXPECT_EQ(exchanges[0]->body()->length(), 0U);
  ResponseHead reply = headOf("hello");
  reply.fields.add("X-Kept", "Yes");
  reply.fields.add("Connection", "close");
  reply.fields.add("Transfer-Encoding", "chunked");
  exchanges[0]->writeHead(reply, Framing::kLength);
  EXPECT_TRUE(finish(*exchanges[0], "hello"));
  EXPECT_EQ(exchanges[0]->counts().bytes_out, 5U);
  const SeenStream& seen = client->stream(1);
  ASSERT_EQ(seen.heads.size(), 1U);
  EXPECT_EQ(seen.field(":status"), "200");
  EXPECT_EQ(seen.field("x-kept"), "Yes");
  EXPECT_EQ(seen.field("content-length"), "5");
  EXPECT_EQ(seen.field("connection"), "(none)");
  EXPECT_EQ(seen.field("transfer-encoding"), "(none)");
  EXPECT_NE(seen.field("date"), "(none)");
  EXPECT_EQ(seen.content, "hello");
  EXPECT_TRUE(seen.ended);
  EXPECT_EQ(seen.reset, std::nullopt);
  EXPECT_FALSE(exchanges[0]->gone().requested());
}

TEST_F(H2ServerTest, StreamsAreAnsweredInAnyOrder) {
  for (std::uint32_t stream : {1U, 3U, 5U}) {
    get(stream, "/" + std::to_string(stream));
  }
  ASSERT_EQ(exchanges.size(), 3U);
  for (std::size_t i : {2U, 0U, 1U}) {
    std::string target = exchanges[i]->head().target;
    reply(exchanges[i], target);
    EXPECT_EQ(client->stream(static_cast<std::uint32_t>(2 * i + 1)).content, target);
  }
}

TEST_F(H2ServerTest, ABodyComesInPieces) {
  client->headers(1, requestFields("POST", "/"));
  client->data(1, "ab");
  loop.settle();
  ASSERT_EQ(exchanges.size(), 1U);
  BodySource* source = exchanges[0]->body();
  EXPECT_EQ(source->length(), std::nullopt);
  Running<Result<Piece>> first(loop, source->pull());
  EXPECT_EQ(first.result()->bytes, "ab");
  Running<Result<Piece>> second(loop, source->pull());
  EXPECT_FALSE(second.done());
  client->data(1, "cd");
  loop.settle();
  ASSERT_TRUE(second.done());
  EXPECT_EQ(second.result()->bytes, "cd");
  EXPECT_FALSE(second.result()->end);
  client->data(1, "", kEndStream);
  loop.settle();
  EXPECT_EQ(body(*exchanges[0]), "");
  EXPECT_EQ(exchanges[0]->counts().bytes_in, 4U);
}

TEST_F(H2ServerTest, ABodyIsReadWholeWithoutBeingCopiedAgain) {
  client->headers(1, requestFields("POST", "/", {{"content-length", "4"}}));
  client->data(1, "ab");
  loop.settle();
  ASSERT_EQ(exchanges.size(), 1U);
  Running<Result<Chunk>> whole(loop, readWhole(*exchanges[0]->body(), 100, loop.reactor.buffers()));
  EXPECT_FALSE(whole.done());
  client->data(1, "cd", kEndStream);
  loop.settle();
  ASSERT_TRUE(whole.done());
  EXPECT_EQ((*whole.result()).view(), "abcd");
  EXPECT_EQ(exchanges[0]->counts().bytes_in, 4U);
}

// What breaks a body behind the bytes somebody waited for, before that one runs again.
TEST_F(H2ServerTest, ABodyThatIsBrokenAfterItsFirstBytesIsNotWhole) {
  using Frames = std::vector<Frame>;
  const std::string half = "abc";
  const Frames too_long = {{FrameType::kData, 0, 1, half}, {FrameType::kData, kEndStream, 1, half}};
  const Frames too_short = {{FrameType::kData, 0, 1, half}, {FrameType::kData, kEndStream, 1, "d"}};
  const Frames bad_trailers = {
      {FrameType::kData, 0, 1, half},
      {FrameType::kHeaders, kEndStream | kEndHeaders, 1, packed({{":path", "/"}})}
  };
  for (const auto& [length, frames] :
       {std::pair("5", too_long), std::pair("5", too_short), std::pair("3", bad_trailers)}) {
    Greeted scene;
    scene.client->headers(1, requestFields("POST", "/", {{"content-length", length}}));
    scene.loop.settle();
    ASSERT_EQ(scene.exchanges.size(), 1U);
    std::array<char, 5> space{};
    BodySource* source = scene.exchanges[0]->body();
    Running<Result<Piece>> first(scene.loop, source->pullInto(space));
    scene.client->send(bytesOf(frames[0]) + bytesOf(frames[1]));
    scene.loop.settle();
    ASSERT_TRUE(first.done());
    ASSERT_TRUE(first.result());
    EXPECT_FALSE(first.result()->end);
    Running<Result<Piece>> second(scene.loop, source->pull());
    ASSERT_TRUE(second.done());
    EXPECT_EQ(second.result().error().kind(), ErrorKind::kBadRequest);
  }
}

TEST_F(H2ServerTest, TheWindowsOpenAsTheBodyIsPulled) {
  const std::string half(16384, 'x');
  const std::uint64_t at_first = client->widened(0);
  client->headers(1, requestFields("POST", "/"));
  for (int i = 0; i < 60; ++i) {
    client->data(1, half);
    loop.settle();
  }
  ASSERT_EQ(exchanges.size(), 1U);
  EXPECT_EQ(client->widened(1), 0U) << "nobody has pulled";
  EXPECT_EQ(client->widened(0), at_first);
  Running<Result<Piece>> all(loop, exchanges[0]->body()->pull());
  EXPECT_EQ(all.result()->bytes.size(), 60 * half.size());
  loop.settle();
  EXPECT_EQ(client->widened(1), 60 * half.size());
}

TEST_F(H2ServerTest, WhatNobodyPullsDoesNotFillTheConnection) {
  const std::string part(16384, 'x');
  const std::uint64_t at_first = client->widened(0);
  for (std::uint32_t stream = 1; stream < 400; stream += 2) {
    client->headers(stream, requestFields("POST", "/"));
    client->data(stream, part);
    loop.settle();
    ASSERT_EQ(exchanges.size(), 1U);
    reply(exchanges[0], "no");
    exchanges.clear();
    EXPECT_TRUE(client->stream(stream).ended);
    EXPECT_EQ(client->stream(stream).reset, std::nullopt) << "it may end by itself";
    client->data(stream, part);
    loop.wait(Seconds(2));
    EXPECT_EQ(client->stream(stream).reset, 0U) << "the rest is not wanted";
  }
  EXPECT_GE(client->widened(0), at_first + 100 * part.size());
  EXPECT_EQ(loop.reactor.buffers().lent(), 0U);
}

TEST_F(H2ServerTest, TrailersOfARequest) {
  client->headers(1, requestFields("POST", "/"));
  client->data(1, "ab");
  client->headers(1, {{"x-sum", "7"}}, kEndStream);
  loop.settle();
  ASSERT_EQ(exchanges.size(), 1U);
  EXPECT_EQ(body(*exchanges[0]), "ab");
  ASSERT_NE(exchanges[0]->body()->trailers(), nullptr);
  EXPECT_EQ(exchanges[0]->body()->trailers()->get("x-sum"), "7");
}

TEST_F(H2ServerTest, TrailersOfAReply) {
  get(1);
  Fields trailers;
  trailers.add("X-Sum", "7");
  exchanges[0]->writeHead({}, Framing::kChunked);
  EXPECT_TRUE(write(*exchanges[0], "ab"));
  exchanges[0]->setTrailers(trailers);
  EXPECT_TRUE(finish(*exchanges[0], "cd"));
  const SeenStream& seen = client->stream(1);
  EXPECT_EQ(seen.content, "abcd");
  ASSERT_EQ(seen.heads.size(), 2U);
  EXPECT_EQ(seen.field("x-sum", 1), "7");
  EXPECT_TRUE(seen.ended);
}

TEST_F(H2ServerTest, RepliesWithoutABody) {
  client->headers(1, requestFields("HEAD", "/"), kEndStream);
  get(3);
  get(5);
  get(7);
  ASSERT_EQ(exchanges.size(), 4U);
  exchanges[0]->writeHead(headOf("hello"), Framing::kLength);
  exchanges[1]->writeHead(headOf("", 204), Framing::kLength);
  exchanges[2]->writeHead(headOf("", 304), Framing::kChunked);
  exchanges[3]->writeHead(headOf(""), Framing::kLength);
  for (Exchange& exchange : exchanges) {
    Running<Result<void>> flushed(loop, exchange->flush());
    EXPECT_TRUE(flushed.result());
    EXPECT_FALSE(exchange->gone().requested()) << "its stream has ended as it should";
    EXPECT_TRUE(finish(*exchange, ""));
  }
  for (std::uint32_t stream : {1U, 3U, 5U, 7U}) {
    EXPECT_TRUE(client->stream(stream).ended);
    EXPECT_EQ(client->stream(stream).content, "");
    EXPECT_EQ(client->stream(stream).reset, std::nullopt);
  }
  EXPECT_EQ(client->stream(1).field("content-length"), "5");
  EXPECT_EQ(client->stream(3).field("content-length"), "(none)");
}

TEST_F(H2ServerTest, TheInvitationLeavesWhenTheBodyIsPulled) {
  client->headers(1, requestFields("POST", "/", {{"expect", "100-continue"}}));
  loop.settle();
  ASSERT_EQ(exchanges.size(), 1U);
  EXPECT_TRUE(client->stream(1).heads.empty());
  Running<Result<std::string>> all(loop, readAll(exchanges[0]->body()));
  EXPECT_EQ(client->stream(1).field(":status"), "100");
  client->data(1, "ab", kEndStream);
  loop.settle();
  EXPECT_EQ(all.result(), "ab");
  reply(exchanges[0], "ok");
  EXPECT_EQ(client->stream(1).field(":status", 1), "200");
}

TEST_F(H2ServerTest, AResetRaisesTheStopOfItsExchangeAlone) {
  get(1);
  get(3);
  client->reset(1);
  loop.settle();
  EXPECT_TRUE(exchanges[0]->gone().requested());
  EXPECT_FALSE(exchanges[1]->gone().requested());
  exchanges[0]->writeHead({}, Framing::kChunked);
  EXPECT_EQ(write(*exchanges[0], "late").error().kind(), ErrorKind::kPeerClosed);
  exchanges[0] = nullptr;
  reply(exchanges[1], "here");
  EXPECT_EQ(client->stream(3).content, "here");
}

TEST_F(H2ServerTest, AClientThatGoesTakesAllItsStreamsWithIt) {
  get(1);
  client->headers(3, requestFields("POST", "/"));
  loop.settle();
  Running<Result<std::string>> reading(loop, readAll(exchanges[1]->body()));
  client->close();
  loop.settle();
  EXPECT_TRUE(exchanges[0]->gone().requested());
  EXPECT_TRUE(exchanges[1]->gone().requested());
  ASSERT_TRUE(reading.done());
  EXPECT_EQ(reading.result().error().kind(), ErrorKind::kPeerClosed);
  EXPECT_TRUE(over);
}

TEST_F(H2ServerTest, AnUnfinishedReplyIsReset) {
  get(1);
  exchanges[0]->writeHead({}, Framing::kChunked);
  EXPECT_TRUE(write(*exchanges[0], "some"));
  exchanges[0] = nullptr;
  loop.settle();
  EXPECT_EQ(client->stream(1).content, "some");
  EXPECT_FALSE(client->stream(1).ended);
  EXPECT_EQ(client->stream(1).reset, 2U);
}

TEST_F(H2ServerTest, AReplyToAMalformedRequestIsResetForThat) {
  for (std::uint32_t stream : {1U, 3U, 5U}) {
    client->headers(stream, requestFields("POST", "/", {{"content-length", "1"}}));
    loop.settle();
    ASSERT_EQ(exchanges.size(), 1U);
    exchanges[0]->writeHead({}, Framing::kChunked);
    EXPECT_TRUE(write(*exchanges[0], "ab"));
    if (stream == 1) {
      client->data(stream, "abc");
    } else {
      client->headers(stream, {{"x-sum", "7"}});  // trailers that end nothing
    }
    loop.settle();
    if (stream == 3) {
      exchanges[0]->abort();
    }
    exchanges.clear();
    loop.settle();
    EXPECT_EQ(client->stream(stream).reset, 1U) << "PROTOCOL_ERROR";
    EXPECT_FALSE(client->stream(stream).ended);
  }
}

TEST_F(H2ServerTest, AReplyOfTheWrongLengthIsReset) {
  for (std::string_view bytes : {"long", "s"}) {
    std::uint32_t stream = bytes.size() > 1 ? 1U : 3U;
    get(stream);
    exchanges.back()->writeHead(headOf("two"), Framing::kLength);
    EXPECT_EQ(finish(*exchanges.back(), bytes).error().kind(), ErrorKind::kInternal);
    EXPECT_EQ(client->stream(stream).reset, 2U);
  }
}

TEST(H2ServerWindowTest, AWriteWaitsForTheWindowOfItsStream) {
  H2Scene scene;
  scene.client->hello(setting(4, 10));
  scene.get(1);
  scene.get(3);
  ServerExchange& slow = *scene.exchanges[0];
  slow.writeHead({}, Framing::kChunked);
  std::string bytes = "0123456789abcdef";
  Running<Result<void>> writing(scene.loop, slow.write(bytes));
  bytes.assign(bytes.size(), '!');  // it was lent for as long as that
  EXPECT_FALSE(writing.done());
  EXPECT_EQ(scene.client->stream(1).content, "0123456789");
  scene.reply(scene.exchanges[1], "other");
  EXPECT_EQ(scene.client->stream(3).content, "other") << "streams do not wait for each other";
  scene.loop.wait(Seconds(1));
  scene.client->widen(1, 3);
  scene.loop.settle();
  EXPECT_FALSE(writing.done());
  scene.client->widen(1, 100);
  scene.loop.settle();
  ASSERT_TRUE(writing.done());
  EXPECT_TRUE(writing.result());
  EXPECT_EQ(scene.client->stream(1).content, "0123456789abcdef");
  EXPECT_EQ(slow.counts().stall, Seconds(1));
  EXPECT_EQ(slow.counts().bytes_out, 16U);
}

TEST(H2ServerWindowTest, TheLastReplyOfADrainedConnectionIsWhole) {
  H2Scene scene;
  scene.client->hello(setting(4, 10));
  scene.get(1);
  scene.exchanges[0]->writeHead({}, Framing::kChunked);
  Running<Result<void>> writing(scene.loop, scene.exchanges[0]->finish("0123456789abcdef"));
  scene.server->drain();
  scene.loop.settle();
  scene.client->send({FrameType::kPing, kAck, 0, std::string(8, '\0')});
  scene.loop.settle();
  EXPECT_FALSE(writing.done());
  scene.client->widen(1, 100);
  scene.client->close();  // as soon as it has what it wants
  scene.loop.settle();
  ASSERT_TRUE(writing.done());
  EXPECT_TRUE(writing.result());
  EXPECT_FALSE(scene.exchanges[0]->gone().requested());
  EXPECT_TRUE(scene.over);
}

TEST(H2ServerWindowTest, AClosedWindowIsNotWaitedForForever) {
  H2Scene scene({.write_timeout = Seconds(5)});
  scene.client->hello(setting(4, 0));
  scene.get(1);
  scene.exchanges[0]->writeHead({}, Framing::kChunked);
  Running<Result<void>> writing(scene.loop, scene.exchanges[0]->write("x"));
  scene.loop.wait(Seconds(4));
  EXPECT_FALSE(writing.done());
  scene.loop.wait(Seconds(2));
  ASSERT_TRUE(writing.done());
  EXPECT_EQ(writing.result().error().kind(), ErrorKind::kTimeout);
}

TEST(H2ServerWindowTest, ALargeReplyWaitsForASlowSocket) {
  H2Scene scene;
  scene.client->hello(setting(4, 1U << 30));
  scene.client->widen(0, 1U << 30);
  scene.get(1);
  const std::string bytes(8U << 20, 'x');
  scene.exchanges[0]->writeHead({}, Framing::kChunked);
  Running<Result<void>> writing(scene.loop, scene.exchanges[0]->finish(bytes));
  EXPECT_FALSE(writing.done());
  for (int i = 0; i < 1000 && !scene.client->stream(1).ended; ++i) {
    scene.loop.settle();
  }
  ASSERT_TRUE(writing.done());
  EXPECT_TRUE(writing.result());
  EXPECT_TRUE(scene.client->stream(1).content == bytes);
}

TEST(H2ServerWindowTest, ASocketThatTakesNothingIsGivenUp) {
  H2Scene scene({.write_timeout = Seconds(5)});
  scene.client->hello(setting(4, 1U << 30));
  scene.client->widen(0, 1U << 30);
  scene.get(1);
  const std::string bytes(8U << 20, 'x');
  scene.exchanges[0]->writeHead({}, Framing::kChunked);
  Running<Result<void>> writing(scene.loop, scene.exchanges[0]->finish(bytes));
  scene.loop.wait(Seconds(6));
  ASSERT_TRUE(writing.done());
  EXPECT_FALSE(writing.result());
  EXPECT_TRUE(scene.over);
}

}  // namespace
}  // namespace gatehouse::http
