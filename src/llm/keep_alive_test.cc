#include "llm/keep_alive.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "llm/passthrough.h"

namespace gatehouse::llm {
namespace {

constexpr std::string_view kComment = ": keep-alive\n\n";

ReplyReader readerOf(const ReplyRules& rules) {
  http::ResponseHead head;
  head.fields.add("Content-Type", "text/event-stream");
  return {rules, head};
}

TEST(KeepAlive, SpeaksTheDialect) {
  EXPECT_EQ(writeKeepAlive(Dialect::kChat, "c"), kComment);
  EXPECT_EQ(writeKeepAlive(Dialect::kMessages, "m"), "event: ping\ndata: {\"type\":\"ping\"}\n\n");
  EXPECT_EQ(
      writeKeepAlive(Dialect::kResponses, "resp_\"1"),
      "event: response.in_progress\ndata: {\"type\":\"response.in_progress\",\"response\":{"
      "\"id\":\"resp_\\\"1\",\"object\":\"response\",\"status\":\"in_progress\"}}\n\n"
  );
  EXPECT_EQ(writeKeepAlive(Dialect::kResponses, ""), kComment);
  EXPECT_EQ(writeKeepAlive(Dialect::kPassthrough, ""), "");
}

TEST(KeepAlive, ComesBetweenEventsOnly) {
  for (UsageChunk chunk : {UsageChunk::kShown, UsageChunk::kHidden}) {
    ReplyReader reader = readerOf({.dialect = Dialect::kChat, .usage_chunk = chunk});
    EXPECT_EQ(reader.keepAlive(), kComment);
    std::string sent;
    for (char c : std::string_view("data: {\"choices\":[{\"index\":0,\"delta\":{}}]}\n\n")) {
      const std::string byte(1, c);
      for (std::string_view view : reader.feed(byte).views) {
        sent += view;
      }
      const bool between = sent.empty() || sent.ends_with("\n\n");
      EXPECT_EQ(reader.keepAlive(), between ? kComment : "") << "after " << sent;
    }
    reader.feed("data: [DONE]\n\n");
    EXPECT_EQ(reader.keepAlive(), "") << "behind the end";
  }
}

TEST(KeepAlive, NamesTheResponseThatIsInProgress) {
  ReplyReader reader = readerOf({.dialect = Dialect::kResponses});
  EXPECT_EQ(reader.keepAlive(), kComment);
  reader.feed(
      "event: response.created\ndata: "
      "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_7\"}}\n\n"
  );
  EXPECT_TRUE(reader.keepAlive().contains("\"id\":\"resp_7\"")) << reader.keepAlive();
}

TEST(KeepAlive, IsForStreamsOnly) {
  http::ResponseHead head;
  head.fields.add("Content-Type", "application/json");
  EXPECT_EQ(ReplyReader({.dialect = Dialect::kChat}, head).keepAlive(), "");
  head.fields.set("Content-Type", "text/event-stream");
  head.fields.add("Content-Encoding", "gzip");
  EXPECT_EQ(ReplyReader({.dialect = Dialect::kChat}, head).keepAlive(), "");
}

}  // namespace
}  // namespace gatehouse::llm
