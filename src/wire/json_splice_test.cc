#include "wire/json_splice.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/padded_view.h"
#include "wire/json_locate.h"

namespace gatehouse::wire {
namespace {

constexpr std::array<std::string_view, 2> kKeys{"model", "stream"};

JsonObjectMap locate(const Chunk& body) {
  PaddedCopy copy(body.view());
  auto map = locateJson(copy.view(), JsonKeys(kKeys));
  EXPECT_TRUE(map);
  return map.value_or(JsonObjectMap{});
}

std::string join(const std::vector<Chunk>& parts) {
  std::string text;
  for (const Chunk& part : parts) {
    text += part.view();
  }
  return text;
}

TEST(JsonSplice, ReplacesWithoutCopyingTheRest) {
  Chunk body = Chunk::copy(R"({"a":1, "model" : "old", "stream":false })");
  JsonObjectMap map = locate(body);
  JsonSplice splice(map);
  EXPECT_TRUE(splice.empty());
  splice.replace(*map.members[1], "true").replace(*map.members[0], R"("new")");
  auto parts = splice.apply(body);
  EXPECT_EQ(join(parts), R"({"a":1, "model" : "new", "stream":true })");
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_EQ(parts.front().view().data(), body.view().data());
  EXPECT_EQ(parts.back().view().data(), body.view().data() + body.size() - parts.back().size());
}

TEST(JsonSplice, AddsInFrontAndBehind) {
  Chunk body = Chunk::copy("{ \"a\":1\n}");
  JsonSplice splice(locate(body));
  splice.prepend("model", R"("m")").append("x", "{}").append("y", "2");
  EXPECT_EQ(join(splice.apply(body)), "{\"model\":\"m\", \"a\":1,\"x\":{},\"y\":2\n}");
}

TEST(JsonSplice, AddsToAnEmptyObject) {
  Chunk body = Chunk::copy("{ }");
  EXPECT_EQ(join(JsonSplice(locate(body)).prepend("a", "1").apply(body)), "{\"a\":1 }");
  EXPECT_EQ(join(JsonSplice(locate(body)).append("b", "2").apply(body)), "{\"b\":2 }");
  EXPECT_EQ(
      join(JsonSplice(locate(body)).prepend("a", "1").append("b", "2").apply(body)),
      "{\"a\":1,\"b\":2 }"
  );
}

TEST(JsonSplice, AppendComesBehindTheReplacedLastMember) {
  Chunk body = Chunk::copy(R"({"model":"a"})");
  JsonObjectMap map = locate(body);
  auto parts = JsonSplice(map).replace(*map.members[0], "\"b\"").append("n", "0").apply(body);
  EXPECT_EQ(join(parts), R"({"model":"b","n":0})");
}

TEST(JsonSplice, NothingToDoGivesTheBody) {
  Chunk body = Chunk::copy("{}");
  auto parts = JsonSplice(locate(body)).apply(body);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].view().data(), body.view().data());
}

}  // namespace
}  // namespace gatehouse::wire
