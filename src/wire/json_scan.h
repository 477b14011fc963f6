// Finds the values at a few paths in JSON that arrives in pieces cut anywhere, for replies that are
// forwarded while they are read. Builds no tree and holds nothing but the value it is in the middle
// of, if that one is wanted. It reads only as much grammar as it needs to keep its place; of text
// that is not JSON its hits mean nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "wire/json_locate.h"

namespace gatehouse::wire {

/// What a hit says of a value besides its type.
enum class JsonWant : std::uint8_t {
  kPass,  // nothing: no hit, only the way to others
  kEnd,   // a hit when the value ends
  kSize,  // and its size; only without children
  kText,  // and its text; only without children
};

/// One step of a path. The steps are a table: entry 0 is the document, `parent` is the index of an
/// earlier entry, `key` a member's key, or "[]" for every element of an array. A key spelt with
/// escapes is not found.
struct JsonStep {
  std::string_view key;
  std::uint8_t parent = 0;
  JsonWant want = JsonWant::kPass;
};

struct JsonHit {
  std::uint8_t step = 0;  // index in the table
  JsonType type = JsonType::kNull;
  /// The value as written, quotes and escapes included; empty if it is over JsonScan::kMaxText.
  /// Lives until the next call.
  std::string_view text;
  /// Its bytes as written.
  std::uint64_t size = 0;
};

/// Usage: feed(bytes), then next() until it yields nothing; `bytes` must stay alive until then.
/// Hits come in the order in which their values end. Owner's thread.
class JsonScan {
 public:
  static constexpr std::size_t kMaxText = std::size_t{64} << 10;
  static constexpr std::size_t kMaxSteps = 64;
  static constexpr std::size_t kMaxDepth = 8;  // of a path

  /// The table must outlive the scan; it is static data as a rule.
  explicit JsonScan(std::span<const JsonStep> steps) : steps_(steps) {}

  void feed(std::string_view bytes);
  std::optional<JsonHit> next();
  /// Whether a whole value has been read.
  bool done() const { return state_ == State::kDone; }
  /// Whether the bytes ended within an object, array or string.
  bool unfinished() const;

 private:
  enum class State : std::uint8_t {
    kValue,     // a value, or the end of an empty array
    kKeyOrEnd,  // a key, or the end of an object
    kKey,       // within a key
    kColon,
    kString,      // within a string value
    kScalar,      // within a number or literal
    kSkip,        // within a container without paths of ours
    kSkipString,  // within a string therein
    kAfter,       // behind a value in a container
    kDone,
    kFailed,
  };
  struct Frame {
    std::uint8_t step;
    bool array;
  };
  static constexpr std::uint8_t kNoStep = 0xFF;

  std::optional<JsonHit> advance();
  void beginValue(char first);
  std::optional<JsonHit> endValue(JsonType type);
  std::optional<JsonHit> endContainer();
  void openContainer(bool array);
  void endKey(std::size_t quote);
  std::optional<std::size_t> findStringEnd();
  std::optional<JsonHit> skip();
  std::uint8_t childOf(std::uint8_t step, std::string_view key) const;
  bool hasChildren(std::uint8_t step) const;
  void keepUnfinished();
  void skipSpace();

  std::span<const JsonStep> steps_;
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;    // in bytes_, of the value or key being read
  std::string kept_;         // its part in earlier pieces
  std::uint64_t size_ = 0;   // of that part
  std::uint32_t depth_ = 0;  // of skipped containers
  std::array<Frame, kMaxDepth> frames_{};
  std::uint8_t frame_count_ = 0;
  std::uint8_t step_ = 0;  // of the value being read or due
  State state_ = State::kValue;
  JsonType type_ = JsonType::kNull;
  bool escaped_ = false;  // the last byte was a backslash that escapes the next
  bool odd_key_ = false;  // the key has an escape
};

}  // namespace gatehouse::wire
