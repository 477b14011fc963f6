#include "wire/json_scan.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace gatehouse::wire {
namespace {

constexpr auto kNodes = linkSteps(std::array{
    JsonStep{"", 0, JsonWant::kEnd},                // 0: the document
    JsonStep{"id", 0, JsonWant::kText},             // 1
    JsonStep{"usage", 0, JsonWant::kText},          // 2
    JsonStep{"choices", 0, JsonWant::kEnd},         // 3
    JsonStep{"[]", 3, JsonWant::kEnd},              // 4
    JsonStep{"index", 4, JsonWant::kText},          // 5
    JsonStep{"delta", 4},                           // 6
    JsonStep{"finish_reason", 4, JsonWant::kText},  // 7
    JsonStep{"content", 6, JsonWant::kSize},        // 8
});

struct Seen {
  std::uint8_t step;
  JsonType type;
  std::string text;
  std::uint64_t size;
  bool operator==(const Seen&) const = default;
};

class SeenHits final : public JsonHits {
 public:
  explicit SeenHits(std::vector<Seen>& seen) : seen_(seen) {}
  void take(const JsonHit& hit) override {
    seen_.push_back({hit.step, hit.type, std::string(hit.text), hit.size});
  }

 private:
  std::vector<Seen>& seen_;
};

void drain(JsonScan& scan, std::string_view bytes, std::vector<Seen>& seen) {
  SeenHits hits(seen);
  scan.scan(bytes, hits);
}

std::vector<Seen> scanWhole(std::string_view text) {
  JsonScan scan(kNodes);
  std::vector<Seen> seen;
  drain(scan, text, seen);
  return seen;
}

std::vector<Seen> scanCut(std::string_view text, std::size_t cut) {
  JsonScan scan(kNodes);
  std::vector<Seen> seen;
  drain(scan, std::string(text.substr(0, cut)), seen);
  drain(scan, std::string(text.substr(cut)), seen);
  return seen;
}

std::vector<Seen> scanBytes(std::string_view text) {
  JsonScan scan(kNodes);
  std::vector<Seen> seen;
  for (char c : text) {
    drain(scan, std::string(1, c), seen);
  }
  return seen;
}

constexpr std::string_view kChunk =
    R"({"id":"chat\"1\\","obj":{"id":"no","deep":[[{"usage":1}],"]}\"" ]},"choices" : [ {"index":0,)"
    R"("delta":{"role":"x","content":"a\"\\"},"finish_reason":null}, {"index":-12 ,"delta":null,)"
    R"("finish_reason":"stop"},3,[]],"usage":{"prompt":{"a":[1,2.5e3]},"s":"}"} } )";

TEST(JsonScan, FindsTheValuesAtItsPaths) {
  std::vector<Seen> seen = scanWhole(kChunk);
  std::vector<Seen> expected = {
      {1, JsonType::kString, R"("chat\"1\\")", 11},
      {5, JsonType::kNumber, "0", 1},
      {8, JsonType::kString, "", 7},
      {7, JsonType::kNull, "null", 4},
      {4, JsonType::kObject, "", 0},
      {5, JsonType::kNumber, "-12", 3},
      {7, JsonType::kString, R"("stop")", 6},
      {4, JsonType::kObject, "", 0},
      {4, JsonType::kNumber, "", 1},
      {4, JsonType::kArray, "", 0},
      {3, JsonType::kArray, "", 0},
      {2, JsonType::kObject, R"({"prompt":{"a":[1,2.5e3]},"s":"}"})", 34},
      {0, JsonType::kObject, "", 0},
  };
  EXPECT_EQ(seen, expected);
}

TEST(JsonScan, FindsTheSameHoweverCut) {
  std::vector<Seen> whole = scanWhole(kChunk);
  for (std::size_t cut = 0; cut <= kChunk.size(); ++cut) {
    EXPECT_EQ(scanCut(kChunk, cut), whole) << "cut at " << cut;
  }
  EXPECT_EQ(scanBytes(kChunk), whole);
}

TEST(JsonScan, SaysWhenAValueIsWhole) {
  JsonScan scan(kNodes);
  std::vector<Seen> seen;
  drain(scan, R"({"id":"a")", seen);
  EXPECT_FALSE(scan.done());
  EXPECT_TRUE(scan.unfinished());
  drain(scan, "} trailing", seen);
  EXPECT_TRUE(scan.done());
  EXPECT_FALSE(scan.unfinished());
}

TEST(JsonScan, DoesNotTakeAnEscapedKeyForOneOfItsOwn) {
  std::vector<Seen> seen = scanWhole(R"({"i\u0064":"a","id":"b"})");
  ASSERT_FALSE(seen.empty());
  EXPECT_EQ(seen.front().text, R"("b")");
}

TEST(JsonScan, DoesNotTakeAMemberForAnElement) {
  std::vector<Seen> seen = scanWhole(R"({"choices":{"[]":{"index":1}}})");
  std::vector<Seen> expected = {{3, JsonType::kObject, "", 0}, {0, JsonType::kObject, "", 0}};
  EXPECT_EQ(seen, expected);
}

TEST(JsonScan, LeavesOutTextsOverItsLimitButCountsThem) {
  std::string text = R"({"id":")" + std::string(JsonScan::kMaxText, 'x') + R"("})";
  std::vector<Seen> whole = scanWhole(text);
  ASSERT_FALSE(whole.empty());
  EXPECT_EQ(whole.front().text, "");
  EXPECT_EQ(whole.front().size, JsonScan::kMaxText + 2);
  EXPECT_EQ(scanBytes(text), whole);
}

TEST(JsonScan, SurvivesANumberLongerThanItKeeps) {
  std::string text = R"({"id":)" + std::string(JsonScan::kMaxText + 1, '1') + R"(,"usage":2})";
  std::vector<Seen> seen = scanCut(text, text.find(','));
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].type, JsonType::kNumber);
  EXPECT_EQ(seen[0].text, "");
  EXPECT_EQ(seen[1].text, "2");
  EXPECT_EQ(scanWhole(text).front().text, "");
}

TEST(JsonScan, IgnoresAKeyLongerThanAnyOfItsOwn) {
  std::string text = "{\"" + std::string(5000, 'k') + R"(":1,"id":"b"})";
  EXPECT_EQ(scanBytes(text), scanWhole(text));
  EXPECT_EQ(scanWhole(text).front().text, R"("b")");
}

TEST(JsonScan, GivesUpOnTextThatIsNotJson) {
  for (std::string_view text :
       {"<html>",
        "{]",
        "[}",
        R"({"id" "a"})",
        R"({"id":]})",
        R"({"id":,})",
        "{1:2}",
        "}",
        R"({"choices":[{]})"}) {
    JsonScan scan(kNodes);
    std::vector<Seen> seen;
    drain(scan, text, seen);
    EXPECT_FALSE(scan.done()) << text;
    EXPECT_TRUE(seen.empty()) << text;
  }
}

TEST(JsonScan, SkipsWhatIsNestedDeeperThanItsPaths) {
  std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  std::vector<Seen> seen = scanWhole(R"({"x":)" + deep + R"(,"id":"a"})");
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen.front().text, R"("a")");
}

}  // namespace
}  // namespace gatehouse::wire
