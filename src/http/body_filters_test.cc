#include "http/body_filters.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "http/client_for_test.h"

namespace gatehouse::http {
namespace {

using Pieces = std::vector<std::string>;

std::unique_ptr<BodySource> scripted(Pieces pieces, std::optional<std::uint64_t> length = {}) {
  return std::make_unique<ScriptedBody>(std::move(pieces), length);
}

class BodyFiltersTest : public testing::Test {
 protected:
  Result<Chunk> whole(BodySource& source, std::uint64_t most) {
    Running<Result<Chunk>> running(loop, readWhole(source, most, loop.reactor.buffers()));
    return std::move(running.result());
  }

  TestLoop loop;
};

TEST_F(BodyFiltersTest, WholeBodyOfUnknownLength) {
  auto source = scripted({std::string(10'000, 'a'), std::string(40'000, 'b'), "c"});
  Result<Chunk> all = whole(*source, 100'000);
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->view(), std::string(10'000, 'a') + std::string(40'000, 'b') + "c");
  EXPECT_EQ(all->view().data()[all->size()], '\0');
}

TEST_F(BodyFiltersTest, BodyInPieces) {
  EXPECT_TRUE(Body::inPieces({}).empty());
  Body body = Body::inPieces({"ab", "cd"});
  EXPECT_FALSE(body.length().has_value());
  Running<Result<Piece>> first(loop, body.source()->pull());
  EXPECT_EQ(first.result()->bytes, "ab");
  EXPECT_FALSE(first.result()->end);
  Running<Result<Piece>> second(loop, body.source()->pull());
  EXPECT_EQ(second.result()->bytes, "cd");
  EXPECT_TRUE(second.result()->end);
}

TEST_F(BodyFiltersTest, WholeBodyOfKnownLength) {
  auto source = scripted({"ab", "cd"}, 4);
  EXPECT_EQ(whole(*source, 4)->view(), "abcd");
  auto empty = scripted({""}, 0);
  Result<Chunk> nothing = whole(*empty, 4);
  EXPECT_EQ(nothing->size(), 0U);
  ASSERT_NE(nothing->view().data(), nullptr);
  EXPECT_EQ(nothing->view().data()[io::kBufferPadding - 1], '\0');
  Body fixed = Body::fixed(Chunk::literal("abc"));
  EXPECT_EQ(whole(*fixed.source(), 3)->view(), "abc");
}

TEST_F(BodyFiltersTest, AnnouncementAloneReservesLittle) {
  auto source = scripted({"abc"}, std::uint64_t{1} << 30);
  loop.reactor.buffers().setCap(8 << 20);
  Result<Chunk> all = whole(*source, std::uint64_t{1} << 31);
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->view(), "abc");
}

TEST_F(BodyFiltersTest, WholeBodyIsLimited) {
  auto announced = scripted({"abcd"}, 4);
  EXPECT_EQ(whole(*announced, 3).error().kind(), ErrorKind::kBodyTooLarge);
  auto found = scripted({"ab", "cd"});
  EXPECT_EQ(whole(*found, 3).error().kind(), ErrorKind::kBodyTooLarge);
  auto fits = scripted({"ab", "cd"});
  EXPECT_EQ(whole(*fits, 4)->view(), "abcd");
}

TEST_F(BodyFiltersTest, PoolErrorsComeThrough) {
  loop.reactor.buffers().setCap(100);
  auto source = scripted({"ab"}, 2);
  EXPECT_FALSE(whole(*source, 3).has_value());
}

TEST_F(BodyFiltersTest, SourceErrorsComeThrough) {
  auto source = std::make_unique<ScriptedBody>(Pieces{"ab"});
  source->breaksOff();
  EXPECT_EQ(whole(*source, 9).error().kind(), ErrorKind::kPeerClosed);
}

TEST_F(BodyFiltersTest, LimitLetsThroughWhatFits) {
  auto limited = limitBody(scripted({"ab", "cd"}), 4, Origin::kUpstream);
  EXPECT_EQ(Running(loop, readAll(limited.get())).result(), "abcd");
}

TEST_F(BodyFiltersTest, LimitFailsWhereItIsPassed) {
  auto limited = limitBody(scripted({"ab", "cd"}), 3, Origin::kUpstream);
  Running<Result<Piece>> first(loop, limited->pull());
  EXPECT_TRUE(first.result().has_value());
  Running<Result<Piece>> second(loop, limited->pull());
  EXPECT_EQ(second.result().error().kind(), ErrorKind::kBodyTooLarge);
  EXPECT_EQ(second.result().error().origin(), Origin::kUpstream);
}

TEST_F(BodyFiltersTest, LimitFailsAtOnceWhereTheLengthIsKnown) {
  auto limited = limitBody(scripted({"ab", "cd"}, 4), 3, Origin::kDownstream);
  EXPECT_EQ(limited->length(), 4U);
  Running<Result<Piece>> first(loop, limited->pull());
  EXPECT_EQ(first.result().error().kind(), ErrorKind::kBodyTooLarge);
}

TEST(Body, OfNothingIsEmpty) {
  EXPECT_TRUE(Body().empty());
  EXPECT_EQ(Body().length(), 0U);
  EXPECT_TRUE(Body::fixed(Chunk()).empty());
  EXPECT_EQ(Body::fixed(Chunk::literal("a")).length(), 1U);
}

}  // namespace
}  // namespace gatehouse::http
