#include "proxy/kept_body.h"

#include <string>

#include <gtest/gtest.h>

#include "io/reactor.h"
#include "io/run_task.h"

namespace gatehouse::proxy {
namespace {

/// Pulls until the end, or until so many pieces came.
std::string pulled(http::Body& body, int pieces = 100) {
  io::Reactor reactor;
  std::string all;
  for (int i = 0; i < pieces; ++i) {
    auto piece = io::runTask(reactor, body.source()->pull());
    EXPECT_TRUE(piece);
    all += piece->bytes;
    if (piece->end) {
      break;
    }
  }
  return all;
}

http::Body inPieces() {
  return http::Body::inPieces({"one ", "two ", "three"});
}

TEST(KeptBody, IsGivenAgainFromItsBeginning) {
  io::BufferPool pool(1 << 20);
  auto kept = KeptBody::make(pool, inPieces(), 1000);
  http::Body first = kept->fromBeginning();
  EXPECT_EQ(pulled(first), "one two three");
  http::Body again = kept->fromBeginning();
  EXPECT_TRUE(again.source()->ready());
  EXPECT_EQ(pulled(again), "one two three");
  EXPECT_EQ(kept->repeated(), 13);
}

TEST(KeptBody, GoesOnWithWhatHasNotPassed) {
  io::BufferPool pool(1 << 20);
  auto kept = KeptBody::make(pool, inPieces(), 1000);
  http::Body first = kept->fromBeginning();
  EXPECT_EQ(pulled(first, 2), "one two ");
  first = kept->fromBeginning();
  EXPECT_EQ(pulled(first), "one two three");
  EXPECT_EQ(kept->repeated(), 8);
}

TEST(KeptBody, IsNotWholeWhenMorePassedThanIsKept) {
  io::BufferPool pool(1 << 20);
  auto kept = KeptBody::make(pool, inPieces(), 8);
  http::Body body = kept->fromBeginning();
  EXPECT_EQ(pulled(body, 2), "one two ");
  EXPECT_TRUE(kept->isWhole());
  EXPECT_EQ(pulled(body), "three");
  EXPECT_FALSE(kept->isWhole());
  EXPECT_EQ(pool.lent(), 0U);
}

TEST(KeptBody, OfALengthThatIsTooMuchKeepsNothing) {
  io::BufferPool pool(1 << 20);
  auto kept = KeptBody::make(pool, http::Body::fixed(Chunk::own("0123456789")), 9);
  http::Body body = kept->fromBeginning();
  EXPECT_TRUE(kept->isWhole());  // as long as nothing has passed
  EXPECT_EQ(body.length(), 10U);
  EXPECT_EQ(pulled(body), "0123456789");
  EXPECT_FALSE(kept->isWhole());
}

TEST(KeptBody, IsNotWholeWhenTheBuffersAreFull) {
  io::BufferPool pool(0);
  auto kept = KeptBody::make(pool, inPieces(), 1000);
  http::Body body = kept->fromBeginning();
  EXPECT_EQ(pulled(body), "one two three");
  EXPECT_FALSE(kept->isWhole());
}

}  // namespace
}  // namespace gatehouse::proxy
