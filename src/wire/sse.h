// Reads an event stream (WHATWG HTML, section 9.2) that arrives in pieces cut anywhere. It only
// looks: the bytes stay where they are, and an event that lies whole within one piece is not
// copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gatehouse::wire {

/// Everything up to and including a blank line. The views live until the next call of next() or
/// feed().
struct SseEvent {
  /// The bytes, blank line included. Events in a row leave nothing out: their raw bytes and then
  /// SseScanner::held() are the stream. When a cut falls between the CR and LF that end an event,
  /// the LF leads the next event's bytes.
  std::string_view raw;
  /// Offset of `raw` in the stream.
  std::uint64_t offset = 0;
  /// "message" unless an `event` field says otherwise.
  std::string_view type;
  /// The `data` lines joined by LF.
  std::string_view data;
  /// The `id` field of this event, if it has one; ids with NUL are ignored.
  std::optional<std::string_view> id;
  /// The `retry` field in milliseconds, if it is a number.
  std::optional<std::uint64_t> retry;
  /// False for comments, lone blank lines and events without a `data` line: a client sees nothing
  /// of them.
  bool dispatched = false;
};

/// Usage: feed(bytes), then next() until it yields nothing; `bytes` must stay alive until then.
/// Owner's thread. Holds nothing between events.
class SseScanner {
 public:
  static constexpr std::size_t kMaxEvent = std::size_t{16} << 20;

  explicit SseScanner(std::size_t max_event = kMaxEvent) : max_event_(max_event) {}

  void feed(std::string_view bytes);
  /// The next whole event; nothing if more bytes are needed. kUpstreamInvalid when an event grows
  /// over the cap: from then on the scanner only fails.
  Result<std::optional<SseEvent>> next();
  /// Once next() has yielded nothing or failed: all bytes that no event has had. A stream that ends
  /// here lost them.
  std::string_view held() const [[clang::lifetimebound]] { return held_; }

 private:
  Result<std::optional<SseEvent>> refuse();
  std::size_t findEventEnd(std::string_view bytes);
  std::size_t passLineEnd(std::string_view bytes, std::size_t at);
  std::size_t passByteOrderMark(std::string_view bytes, std::size_t at);
  SseEvent parse(std::string_view raw);
  void parseLine(std::string_view line, SseEvent& event);
  void addData(std::string_view line, SseEvent& event);

  std::size_t max_event_;
  std::string_view fresh_;    // fed and not yet looked at
  std::string held_;          // begin of an event whose end has not come
  std::string joined_;        // data of an event with several data lines
  std::uint64_t offset_ = 0;  // in the stream, of the event being looked for
  // Where the search for the blank line stands, so that no byte is searched twice.
  std::uint8_t mark_matched_ = 0;  // bytes of a byte order mark at the stream's start
  bool mark_possible_ = true;
  bool line_empty_ = true;
  bool after_cr_ = false;
  bool held_yielded_ = false;  // held_ is the last event, not the begin of the next
  bool failed_ = false;
};

}  // namespace gatehouse::wire
