#include "wire/sse.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"

namespace gatehouse::wire {
namespace {

struct Seen {
  std::string type;
  std::string data;
  std::string id;
  std::uint64_t retry = 0;
  bool operator==(const Seen&) const = default;
};

struct Reading {
  std::vector<Seen> events;  // the dispatched ones
  std::string bytes;         // all raw bytes and what was held
};

void readPiece(SseScanner& scanner, std::string_view piece, Reading& reading) {
  scanner.feed(piece);
  while (true) {
    auto event = scanner.next();
    ASSERT_TRUE(event);
    if (!*event) {
      return;
    }
    const SseEvent& seen = **event;
    EXPECT_EQ(seen.offset, reading.bytes.size());
    reading.bytes += seen.raw;
    if (seen.dispatched) {
      reading.events.push_back(
          {std::string(seen.type),
           std::string(seen.data),
           std::string(seen.id.value_or("")),
           seen.retry.value_or(0)}
      );
    }
  }
}

Reading readAll(const std::vector<std::string>& pieces) {
  SseScanner scanner;
  Reading reading;
  for (const std::string& piece : pieces) {
    readPiece(scanner, piece, reading);
  }
  reading.bytes += scanner.held();
  return reading;
}

constexpr std::string_view kStream =
    "\xEF\xBB\xBF: hello\n\n"
    "event: delta\ndata: {\"a\":1}\nid: 7\n\n"
    "data:one\r\ndata: two\r\ndata\r\n\r\n"
    "retry: 3000\rdata:  spaced\r\r"
    "event: empty\n\n"
    "\n\n"
    "data: \xC3\xA4\n\n"
    "unknown: x\ndata: [DONE]\n\n"
    "data: never ended\n";

TEST(Sse, ReadsEveryKindOfLine) {
  Reading reading = readAll({std::string(kStream)});
  std::vector<Seen> wanted{
      {"delta", "{\"a\":1}", "7", 0},
      {"message", "one\ntwo\n", "", 0},
      {"message", " spaced", "", 3000},
      {"message", "\xC3\xA4", "", 0},
      {"message", "[DONE]", "", 0},
  };
  EXPECT_EQ(reading.events, wanted);
  EXPECT_EQ(reading.bytes, kStream);
}

TEST(Sse, CutsChangeNothing) {
  Reading whole = readAll({std::string(kStream)});
  std::string stream(kStream);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); second += 7) {
      Reading cut = readAll(
          {stream.substr(0, first), stream.substr(first, second - first), stream.substr(second)}
      );
      ASSERT_EQ(cut.events, whole.events) << first << ' ' << second;
      ASSERT_EQ(cut.bytes, kStream) << first << ' ' << second;
    }
  }
  std::vector<std::string> bytes;
  for (char c : stream) {
    bytes.emplace_back(1, c);
  }
  EXPECT_EQ(readAll(bytes).events, whole.events);
}

TEST(Sse, EventsWithinAPieceAreNotCopied) {
  std::string piece = "data: {}\n\ndata: [1]\n\nda";
  SseScanner scanner;
  scanner.feed(piece);
  auto first = scanner.next();
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->raw.data(), piece.data());
  EXPECT_EQ((*first)->data.data(), piece.data() + 6);
  auto second = scanner.next();
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->raw, "data: [1]\n\n");
  auto third = scanner.next();
  ASSERT_TRUE(third.has_value());
  EXPECT_FALSE(*third);
  EXPECT_EQ(scanner.held(), "da");
}

TEST(Sse, AnEventEndsWithItsCarriageReturn) {
  SseScanner scanner;
  scanner.feed("data: x\r\n\r");
  auto event = scanner.next();
  ASSERT_TRUE(event && *event) << "it must not wait for the line feed";
  EXPECT_EQ((*event)->data, "x");
  EXPECT_FALSE(*scanner.next());
  scanner.feed("\ndata: y\n\n");
  event = scanner.next();
  ASSERT_TRUE(event && *event);
  EXPECT_EQ((*event)->data, "y");
  EXPECT_EQ((*event)->raw, "\ndata: y\n\n");
}

TEST(Sse, ByteOrderMarkOnlyAtTheStart) {
  EXPECT_EQ(
      readAll({"\xEF\xBB",
               "\xBF"
               "data: x\n\n"})
          .events.size(),
      1u
  );
  EXPECT_EQ(
      readAll({"data: x\n\n\xEF\xBB\xBF"
               "data: y\n\n"})
          .events.size(),
      1u
  );
  EXPECT_EQ(readAll({"\xEF\xBB\n\ndata: x\n\n"}).events.size(), 1u);
  EXPECT_EQ(readAll({"\xEF\xBB\xBF\ndata: x\n\n"}).events.size(), 1u);
}

TEST(Sse, OddFields) {
  Reading reading = readAll(
      {"event:\ndata: a\nretry: 1x\nid: b", std::string(1, '\0'), "c\nid\n\n", ":data: no\n\n"}
  );
  EXPECT_EQ(reading.events, (std::vector<Seen>{{"message", "a", "", 0}}));
}

TEST(Sse, LargeEventsAreRefused) {
  SseScanner scanner(32);
  scanner.feed("data: small\n\ndata: ");
  ASSERT_TRUE(*scanner.next());
  ASSERT_FALSE(*scanner.next());
  std::string large(40, 'x');
  scanner.feed(large);
  auto event = scanner.next();
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().kind(), ErrorKind::kUpstreamInvalid);
  EXPECT_EQ(scanner.held(), "data: " + large);
  scanner.feed("\n\n");
  EXPECT_FALSE(scanner.next()) << "stays failed";
  EXPECT_EQ(scanner.held(), "data: " + large + "\n\n");
}

TEST(Sse, HoldsNothingBetweenEvents) {
  SseScanner scanner;
  std::string half = "data: " + std::string(5000, 'x');
  scanner.feed(half);
  EXPECT_FALSE(*scanner.next());
  EXPECT_EQ(scanner.held(), half);
  scanner.feed("\n\n");
  EXPECT_TRUE(*scanner.next());
  EXPECT_FALSE(*scanner.next());
  EXPECT_EQ(scanner.held(), "");
  EXPECT_LE(sizeof(SseScanner), 128u);
}

}  // namespace
}  // namespace gatehouse::wire
