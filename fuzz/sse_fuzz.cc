// The same bytes cut anywhere give the same events, and no byte is lost. The first bytes of the
// input say where to cut.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "wire/sse.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::wire;

constexpr std::size_t kMaxEvent = 200;
constexpr std::size_t kCuts = 4;

struct Seen {
  std::string type;
  std::string data;
  std::optional<std::string> id;
  std::optional<std::uint64_t> retry;
  bool operator==(const Seen&) const = default;
};

struct Reading {
  std::vector<Seen> events;
  std::string bytes;
  bool failed = false;
};

void drain(SseScanner& scanner, Reading& reading) {
  while (true) {
    auto event = scanner.next();
    if (!event) {
      reading.failed = true;
      return;
    }
    if (!*event) {
      return;
    }
    const SseEvent& seen = **event;
    GATEHOUSE_INVARIANT(seen.offset == reading.bytes.size() && seen.raw.size() <= kMaxEvent);
    reading.bytes += seen.raw;
    if (seen.dispatched) {
      std::optional<std::string> id;
      if (seen.id) {
        id.emplace(*seen.id);
      }
      reading.events.push_back({std::string(seen.type), std::string(seen.data), id, seen.retry});
    }
  }
}

Reading readPieces(const std::vector<std::string>& pieces) {
  SseScanner scanner(kMaxEvent);
  Reading reading;
  for (const std::string& piece : pieces) {
    scanner.feed(piece);
    drain(scanner, reading);
  }
  reading.bytes += scanner.held();
  return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < kCuts) {
    return 0;
  }
  std::string text(reinterpret_cast<const char*>(data) + kCuts, size - kCuts);
  std::vector<std::string> pieces;
  std::vector<std::string> bytes;
  std::string rest = text;
  for (std::size_t i = 0; i < kCuts; ++i) {
    std::size_t length = data[i] % (rest.size() + 1);
    pieces.push_back(rest.substr(0, length));
    rest.erase(0, length);
  }
  pieces.push_back(rest);
  for (char c : text) {
    bytes.emplace_back(1, c);
  }
  Reading whole = readPieces({text});
  GATEHOUSE_INVARIANT(whole.bytes == text);
  for (const auto& cut : {pieces, bytes}) {
    Reading reading = readPieces(cut);
    GATEHOUSE_INVARIANT(reading.bytes == text);
    // Where the cap is met depends on whether a line feed still belonged to an event or to the
    // next.
    if (!whole.failed && !reading.failed) {
      GATEHOUSE_INVARIANT(reading.events == whole.events);
    }
  }
  return 0;
}
