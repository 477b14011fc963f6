#include "base/bytes.h"

#include <gtest/gtest.h>

namespace gatehouse {
namespace {

TEST(Chunk, SliceSharesStorage) {
  Chunk whole = Chunk::own("a string long enough to live on the heap, surely");
  Chunk part = whole.slice(2, 6);
  EXPECT_EQ(part.view(), "string");
  EXPECT_EQ(part.view().data(), whole.view().data() + 2);
}

TEST(ChunkQueue, ConsumeCrossesChunkBorders) {
  ChunkQueue queue;
  queue.push(Chunk::copy("abc"));
  queue.push(Chunk::copy(""));
  queue.push(Chunk::copy("defg"));
  EXPECT_EQ(queue.size(), 7u);
  queue.consume(4);
  EXPECT_EQ(queue.flatten(), "efg");
  queue.consume(3);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace gatehouse
