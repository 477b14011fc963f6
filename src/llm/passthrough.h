// Same dialect, same bytes (D7): the reply is forwarded as it arrives while usage, finish reasons,
// ids and the first token are read on the side. The one change is that a usage chunk only we asked
// for is cut out. Says at the end whether the reply was complete in its dialect (llm.md 10). Bytes
// in, views out; no I/O, no clock. One request's worker only.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.h"
#include "llm/dialect.h"
#include "llm/reply_scan.h"
#include "llm/usage.h"
#include "llm/usage_reader.h"

namespace gatehouse::llm {

/// Whether the client sees the usage chunk of a Chat stream.
enum class UsageChunk : std::uint8_t { kShown, kHidden };

/// How the reply of one request is read.
struct ReplyRules {
  Dialect dialect = Dialect::kUnknown;
  UsageChunk usage_chunk = UsageChunk::kShown;
  ReasoningCount reasoning = ReasoningCount::kInside;
};

/// How the body came to its end.
enum class BodyEnd : std::uint8_t {
  kClean,      // the framing is complete
  kBroken,     // the connection ended within it, or a deadline of ours fired
  kShutdown,   // the gateway ends before it
  kAbandoned,  // we stopped reading: the client is gone
};

enum class ReplyVerdict : std::uint8_t {
  kComplete,        // the dialect's end mark was seen, and a clean end
  kTruncated,       // it broke off before
  kUpstreamError,   // the upstream reported an error within its stream, after something else
  kUpstreamFailed,  // its stream was an error from the first event on
};

struct ReplyEnd {
  ReplyVerdict verdict = ReplyVerdict::kComplete;
  /// Still to be sent. For a truncated stream it ends with the dialect's error event, after which
  /// the connection is aborted, never ended cleanly. Empty when abandoned.
  std::string tail;
};

/// What was read on the side. Empty texts were not seen.
struct ReplyFacts {
  TokenUsage usage;
  std::string response_id;
  std::string model;             // response model
  std::vector<Finish> finishes;  // in order of choices' ends
  std::string error_type;        // of an error body or in-stream error: its code, else its type
  std::uint64_t events = 0;      // SSE events forwarded
  bool event_stream = false;     // what came back, whatever was asked for
};

/// For requests whose reply a ReplyReader reads: a client's Accept-Encoding becomes `identity`;
/// where it sent none, none is added.
void askUncoded(http::Fields& fields);

class ReplyReader {
 public:
  /// Stream or buffered is decided by the response head, not by what was asked for (llm.md 6). A
  /// content coding other than identity, come unasked, is forwarded unread, its usage unknown.
  ReplyReader(const ReplyRules& rules, const http::ResponseHead& head);
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;

  /// Whether something may be cut out of this reply.
  bool mayCut() const;

  struct Forward {
    /// Bytes to send, in order; valid until the next call, and no longer than the bytes fed.
    std::span<const std::string_view> views;
    /// The first generated content (text, reasoning, tool arguments, audio) of the reply was in
    /// these bytes.
    bool first_token = false;
  };
  Forward feed(std::string_view bytes [[clang::lifetimebound]]) [[clang::lifetimebound]];

  /// What tells the client of a stream that is silent that it goes on, in its dialect (llm.md 6);
  /// empty where the client would not understand it: within an event, behind the end, outside a
  /// stream.
  std::string keepAlive() const;

  /// Called once. `request_id` goes into the error event of a truncated stream.
  ReplyEnd finish(BodyEnd end, std::string_view request_id);

  /// After finish.
  ReplyFacts takeFacts();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::llm
