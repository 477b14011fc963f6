#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/h1_strict.h"
#include "http/h2/h2_for_test.h"
#include "http/server_connection.h"

namespace gatehouse::http {
namespace {

constexpr std::uint32_t kProtocolError = 1;
constexpr std::uint32_t kFrameSizeError = 6;
constexpr std::uint32_t kRefusedStream = 7;
constexpr std::uint32_t kCalm = 11;

TEST(H2ServerLimitsTest, AMalformedRequestIsAnsweredAndTheOthersGoOn) {
  SeenRefused refused;
  Greeted scene({}, &refused);
  scene.get(1);
  scene.client->headers(
      3, requestFields("GET", "/b", {{"transfer-encoding", "chunked"}}), kEndStream
  );
  scene.client->headers(5, requestFields("POST", "/c", {{"Capital", "x"}}));
  scene.loop.settle();
  ASSERT_EQ(scene.exchanges.size(), 1U);
  const SeenStream& third = scene.client->stream(3);
  ASSERT_EQ(third.heads.size(), 1U);
  EXPECT_EQ(third.field(":status"), "400");
  EXPECT_EQ(third.field("content-type"), "application/problem+json");
  EXPECT_EQ(third.field("x-request-id"), "the-id");
  EXPECT_NE(third.content.find(R"("code":"connection_field")"), std::string::npos);
  EXPECT_TRUE(third.ended);
  EXPECT_EQ(scene.client->stream(5).field(":status"), "400");
  EXPECT_EQ(scene.client->stream(5).reset, kProtocolError) << "it was still sending";
  EXPECT_EQ(scene.refusedBy(Violation::kConnectionField), 1U);
  EXPECT_EQ(scene.refusedBy(Violation::kField), 1U);
  EXPECT_EQ(refused.seen, (std::vector<std::string>{"400 connection_field h/b", "400 field h/c"}));
  EXPECT_EQ(refused.sent, third.content.size() + scene.client->stream(5).content.size());
  scene.client->data(5, "late", kEndStream);
  scene.reply(scene.exchanges[0], "fine");
  EXPECT_EQ(scene.client->stream(1).content, "fine");
  EXPECT_TRUE(scene.client->goaways().empty());
}

TEST(H2ServerLimitsTest, AHeadThatIsTooLargeIsAnswered) {
  Greeted scene({.target = 100, .field_section = 1000});
  scene.client->headers(
      1,
      requestFields("GET", "/", {{"a", std::string(900, 'x')}, {"b", std::string(300, 'y')}}),
      kEndStream
  );
  scene.loop.settle();
  EXPECT_EQ(scene.client->stream(1).field(":status"), "431");
  EXPECT_EQ(scene.refusedBy(Violation::kTooLarge), 1U);
}

TEST(H2ServerLimitsTest, ABodyMustHaveItsLength) {
  Greeted scene;
  auto post = [&scene](std::uint32_t stream, std::string_view length, std::uint8_t flags = 0) {
    scene.client->headers(
        stream, requestFields("POST", "/", {{"content-length", std::string(length)}}), flags
    );
  };
  post(1, "3", kEndStream);
  post(3, "3");
  scene.client->data(3, "ab", kEndStream);
  post(5, "3");
  scene.client->data(5, "abcd");
  post(7, "3");
  scene.client->data(7, "", kEndStream);
  scene.loop.settle();
  EXPECT_EQ(scene.client->stream(1).field(":status"), "400");
  ASSERT_EQ(scene.exchanges.size(), 3U);
  for (H2Scene::Exchange& exchange : scene.exchanges) {
    EXPECT_NE(exchange->body()->length(), 0U) << "it would be taken for a request without a body";
    EXPECT_EQ(scene.body(*exchange).error().kind(), ErrorKind::kBadRequest);
    scene.reply(exchange, "no");
  }
  EXPECT_TRUE(scene.client->stream(3).ended);
  EXPECT_EQ(scene.client->stream(5).reset, kProtocolError);
}

TEST(H2ServerLimitsTest, BadTrailers) {
  Greeted scene;
  const std::vector<FieldList> bad = {
      {{":status", "200"}},
      {{"Capital", "x"}},
      {{"connection", "x"}},
      FieldList(5, {"a", std::string(15000, 'x')})
  };
  std::uint32_t stream = 1;
  for (const FieldList& trailers : bad) {
    scene.client->headers(stream, requestFields("POST", "/"));
    std::string block = packed(trailers);
    std::uint8_t flags = kEndStream;
    FrameType type = FrameType::kHeaders;
    for (std::size_t at = 0; at < block.size(); at += 16384) {
      bool last = block.size() - at <= 16384;
      scene.client->send(
          {type,
           static_cast<std::uint8_t>(flags | (last ? kEndHeaders : 0)),
           stream,
           block.substr(at, 16384)}
      );
      type = FrameType::kContinuation;
      flags = 0;
    }
    scene.loop.settle();
    ASSERT_FALSE(scene.exchanges.empty());
    EXPECT_EQ(scene.body(*scene.exchanges.back()).error().kind(), ErrorKind::kBadRequest);
    stream += 2;
  }
  scene.client->headers(stream, requestFields("POST", "/"));
  scene.client->headers(stream, {{"a", "b"}});
  scene.loop.settle();
  EXPECT_EQ(scene.body(*scene.exchanges.back()).error().kind(), ErrorKind::kBadRequest);
}

TEST(H2ServerLimitsTest, NoMoreStreamsThanAllowed) {
  Greeted scene({.h2 = {.streams = 2}});
  scene.get(1);
  scene.get(3);
  scene.reply(scene.exchanges[0], "1");
  scene.get(5);
  EXPECT_EQ(scene.exchanges.size(), 3U);
  scene.get(7);
  scene.client->headers(9, requestFields("POST", "/"));
  scene.client->data(9, "for nobody");
  scene.loop.settle();
  EXPECT_EQ(scene.exchanges.size(), 3U);
  EXPECT_EQ(scene.client->stream(7).reset, kRefusedStream);
  EXPECT_EQ(scene.client->stream(9).reset, kRefusedStream);
  scene.reply(scene.exchanges[1], "3");
  scene.get(11);
  ASSERT_EQ(scene.exchanges.size(), 4U) << "the connection goes on";
  scene.reply(scene.exchanges[3], "11");
  EXPECT_EQ(scene.client->stream(11).content, "11");
  EXPECT_TRUE(scene.client->goaways().empty());
}

TEST(H2ServerLimitsTest, TheLimitOfStreamsIsAnnounced) {
  H2Scene scene({.h2 = {.streams = 77}});
  scene.loop.settle();
  scene.client->send(kPreface);
  scene.client->send({.type = FrameType::kSettings});
  scene.loop.settle();
  std::vector<Frame> frames = scene.client->take();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].type, FrameType::kSettings);
  EXPECT_EQ(frames[0].payload.substr(0, 6), setting(3, 77));
  EXPECT_EQ(frames[0].payload.size(), 18U);
}

TEST(H2ServerLimitsTest, WhoOpensStreamsOverTheLimitForEverIsSentAway) {
  Greeted scene({.h2 = {.streams = 1}});
  for (std::uint32_t stream = 1; scene.client->goaways().empty() && stream < 4000; stream += 2) {
    scene.get(stream);
  }
  EXPECT_EQ(scene.exchanges.size(), 1U);
  scene.expectEnd(kCalm, "h2_rapid_reset");
}

TEST(H2ServerLimitsTest, WhatIsNoHttp2) {
  H2Scene scene;
  scene.client->send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n and so on");
  scene.loop.settle();
  ASSERT_FALSE(scene.client->goaways().empty());
  EXPECT_EQ(scene.client->goaways()[0].first, kProtocolError);
  EXPECT_EQ(scene.server->protocolError(), "h2_preface");
}

TEST(H2ServerLimitsTest, ErrorsOfTheConnectionEndAllStreams) {
  Greeted scene;
  scene.get(1);
  scene.client->data(0, "x");
  scene.loop.settle();
  EXPECT_TRUE(scene.exchanges[0]->gone().requested());
  scene.expectEnd(kProtocolError, "h2_protocol");
}

TEST(H2ServerLimitsTest, StreamsAreOpenedInOrder) {
  for (std::uint32_t earlier : {1U, 3U, 5U}) {
    Greeted scene;
    scene.get(1);
    scene.get(5);
    scene.reply(scene.exchanges[0], "x");
    scene.reply(scene.exchanges[1], "x");
    scene.get(earlier);
    scene.expectEnd(kProtocolError, "h2_protocol");
  }
}

TEST(H2ServerLimitsTest, TrailersOfARequestThatWasCutOffAreDropped) {
  Greeted scene;
  for (std::uint32_t stream = 1; stream < 81; stream += 2) {
    scene.client->headers(stream, requestFields("POST", "/"));
    scene.loop.settle();
    scene.exchanges.clear();
    scene.loop.settle();
    EXPECT_EQ(scene.client->stream(stream).reset, 2U);
    scene.client->headers(stream, {{"a", "b"}}, kEndStream);
  }
  scene.loop.settle();
  EXPECT_TRUE(scene.client->goaways().empty());
}

TEST(H2ServerLimitsTest, NoFrameIsLargerThanAllowed) {
  Greeted scene;
  scene.client->send({FrameType::kHeaders, 0, 1, packed(requestFields("GET", "/"))});
  scene.client->send(
      {FrameType::kContinuation, kEndHeaders, 1, packed({{"a", std::string(20000, 'x')}})}
  );
  scene.expectEnd(kFrameSizeError, "h2_frame_size");
}

TEST(H2ServerLimitsTest, MoreThanTheWindowIsAnError) {
  Greeted scene({.h2 = {.stream_window = 1U << 16, .connection_window = 1U << 20}});
  scene.client->headers(1, requestFields("POST", "/"));
  for (int i = 0; i < 5; ++i) {
    scene.client->data(1, std::string(16384, 'x'));
    scene.loop.settle();
  }
  ASSERT_EQ(scene.exchanges.size(), 1U);
  EXPECT_EQ(scene.client->stream(1).reset, 3U);
  EXPECT_TRUE(scene.exchanges[0]->gone().requested());
}

TEST(H2ServerLimitsTest, RapidResets) {
  Greeted scene;
  for (std::uint32_t stream = 1; scene.client->goaways().empty() && stream < 4000; stream += 2) {
    scene.client->headers(stream, requestFields("GET", "/"), kEndStream);
    scene.client->reset(stream);
    scene.loop.settle();
    scene.exchanges.clear();
  }
  scene.expectEnd(kCalm, "h2_rapid_reset");
}

TEST(H2ServerLimitsTest, ResetsThatAreOurOwnCount) {
  Greeted scene;
  for (std::uint32_t stream = 1; scene.client->goaways().empty() && stream < 4000; stream += 2) {
    scene.client->headers(stream, requestFields("GET", "/"), kEndStream);
    scene.client->widen(stream, 0x7fffffff);  // over the top
    scene.loop.settle();
    scene.exchanges.clear();
  }
  scene.expectEnd(kCalm, "h2_rapid_reset");
}

TEST(H2ServerLimitsTest, MalformedBodiesCountAsResets) {
  Greeted scene;
  for (std::uint32_t stream = 1; scene.client->goaways().empty() && stream < 4000; stream += 2) {
    scene.client->headers(stream, requestFields("POST", "/", {{"content-length", "1"}}));
    scene.client->data(stream, "too long", kEndStream);
    scene.loop.settle();
    scene.exchanges.clear();
  }
  scene.expectEnd(kCalm, "h2_rapid_reset");
}

TEST(H2ServerLimitsTest, ResetsNowAndThenAreFine) {
  Greeted scene;
  for (std::uint32_t stream = 1; stream < 4000; stream += 2) {
    scene.client->headers(stream, requestFields("GET", "/"), kEndStream);
    scene.client->reset(stream);
    scene.loop.wait(Millis(20));
    scene.exchanges.clear();
  }
  EXPECT_TRUE(scene.client->goaways().empty());
}

TEST(H2ServerLimitsTest, FloodsOfFramesThatBringNothing) {
  const std::vector<Frame> floods = {
      {FrameType::kPing, 0, 0, "12345678"},
      {FrameType::kSettings},
      {FrameType::kPriority, 0, 1, number(0, 4) + "\x10"},
      {FrameType::kData, 0, 1},
      {FrameType::kData, kPadded, 1, std::string(1, '\x04') + std::string(4, '\0')},
  };
  for (const Frame& flood : floods) {
    Greeted scene;
    scene.client->headers(1, requestFields("POST", "/"));
    for (int i = 0; i < 5000 && scene.client->goaways().empty(); ++i) {
      scene.client->send(flood);
      scene.loop.settle();
    }
    scene.expectEnd(kCalm, "h2_flood");
  }
}

TEST(H2ServerLimitsTest, FloodsThatAreNotRead) {
  Greeted scene;
  std::string pings;
  for (int i = 0; i < 900; ++i) {
    pings += bytesOf({FrameType::kPing, 0, 0, "12345678"});
  }
  for (int i = 0; i < 40; ++i) {
    scene.client->peer().send(pings);
    scene.loop.settle();
  }
  scene.expectEnd(kCalm, "h2_flood");
}

TEST(H2ServerLimitsTest, FramesOfUnknownKindsForEver) {
  Greeted scene;
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many += bytesOf({static_cast<FrameType>(0xbe), 0, 0, std::string(100, 'x')});
  }
  for (int i = 0; i < 200 && scene.client->goaways().empty(); ++i) {
    scene.client->send(many);
    scene.loop.settle();
  }
  scene.expectEnd(kCalm, "h2_flood");
}

TEST(H2ServerLimitsTest, WindowUpdatesForWhatWasSentAreFine) {
  Greeted scene;
  scene.get(1);
  scene.exchanges[0]->writeHead({}, Framing::kChunked);
  for (int i = 0; i < 12'000; ++i) {
    Running<Result<void>> writing(scene.loop, scene.exchanges[0]->write("x"));
    ASSERT_TRUE(writing.done());
    scene.client->widen(1, 1);
    scene.client->widen(0, 1);
    scene.client->take();
  }
  EXPECT_TRUE(scene.client->goaways().empty());
  for (int i = 0; i < 200'000 && scene.client->goaways().empty(); ++i) {
    scene.client->widen(0, 1);
    scene.client->widen(0, 1);
    scene.client->widen(0, 1);
    scene.client->widen(0, 1);
    scene.loop.settle();
  }
  scene.expectEnd(kCalm, "h2_flood");
}

TEST(H2ServerLimitsTest, EndlessHeads) {
  for (std::string_view piece : {"", "\x10\x01x\x01y"}) {
    Greeted scene;
    scene.client->send({FrameType::kHeaders, 0, 1, packed(requestFields("GET", "/"))});
    for (int i = 0; i < 100; ++i) {
      scene.client->send({FrameType::kContinuation, 0, 1, std::string(piece)});
    }
    scene.expectEnd(kCalm, "h2_head_flood");
  }
}

TEST(H2ServerLimitsTest, AHeadThatGrowsWhenUnpacked) {
  Greeted scene;
  // A field of nearly all of the table, then that one again and again, an octet each time.
  std::string block = "\x40\x01x";
  block += "\x7f";
  block += static_cast<char>(0x80 | ((3900 - 127) % 128));
  block += static_cast<char>((3900 - 127) / 128);
  block += std::string(3900, 'v') + std::string(8000, '\xbe');
  scene.client->send({FrameType::kHeaders, kEndHeaders | kEndStream, 1, block});
  scene.expectEnd(kCalm, "h2_head_flood");
}

TEST(H2ServerLimitsTest, DrainingLetsWhatHasBegunEnd) {
  Greeted scene;
  scene.get(1);
  scene.client->take();
  scene.server->drain();
  scene.loop.settle();
  std::vector<Frame> frames = scene.client->take();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0].type, FrameType::kGoaway);
  EXPECT_EQ(frames[1].type, FrameType::kPing) << "whose answer shows that the other has come";
  ASSERT_EQ(scene.client->goaways().size(), 1U);
  EXPECT_EQ(scene.client->goaways()[0].second, 0x7fffffffU) << "what is on its way is taken";
  scene.get(3);
  ASSERT_EQ(scene.exchanges.size(), 2U);
  scene.client->send({FrameType::kPing, kAck, 0, std::string(8, '\0')});
  scene.loop.settle();
  ASSERT_EQ(scene.client->goaways().size(), 2U);
  EXPECT_EQ(scene.client->goaways()[1], (std::pair<std::uint32_t, std::uint32_t>{0, 3}));
  scene.get(5);
  EXPECT_EQ(scene.exchanges.size(), 2U) << "none after that";
  EXPECT_FALSE(scene.exchanges[0]->gone().requested());
  scene.reply(scene.exchanges[0], "first");
  EXPECT_FALSE(scene.over);
  scene.reply(scene.exchanges[1], "second");
  EXPECT_EQ(scene.client->stream(3).content, "second");
  EXPECT_TRUE(scene.client->ended());
  scene.client->close();
  scene.loop.settle();
  EXPECT_TRUE(scene.over);
}

TEST(H2ServerLimitsTest, DrainingDoesNotWaitForTheAnswerForEver) {
  Greeted scene;
  scene.server->drain();
  scene.loop.wait(Seconds(2));
  EXPECT_EQ(scene.client->goaways().size(), 2U);
  scene.loop.wait(Seconds(3));
  EXPECT_TRUE(scene.over);
}

TEST(H2ServerLimitsTest, ACutOffConnectionStillSendsWhatItsStreamsSay) {
  Greeted scene;
  scene.get(1);
  scene.exchanges[0]->writeHead({}, Framing::kChunked);
  EXPECT_TRUE(scene.write(*scene.exchanges[0], "some"));
  scene.serving->cancel();
  EXPECT_TRUE(scene.over);
  EXPECT_TRUE(scene.write(*scene.exchanges[0], ", and the end"));
  scene.exchanges.clear();
  scene.server = nullptr;
  scene.loop.settle();
  EXPECT_EQ(scene.client->stream(1).content, "some, and the end");
  EXPECT_EQ(scene.client->stream(1).reset, 2U);
  EXPECT_EQ(scene.client->goaways().size(), 1U);
  EXPECT_TRUE(scene.client->ended());
}

}  // namespace
}  // namespace gatehouse::http
