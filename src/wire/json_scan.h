// Finds the values at a few paths in JSON that arrives in pieces cut anywhere, for replies that are
// forwarded while they are read. Builds no tree and holds nothing but the value it is in the middle
// of, if that one is wanted. It reads only as much grammar as it needs to keep its place; of text
// that is not JSON its hits mean nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
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

/// One step of a path, as it is written down. The steps are a table: entry 0 is the document,
/// `parent` the index of an earlier entry, `key` a member's key, or "[]" for every element of an
/// array. Members of one parent stand together. A key spelt with escapes in the JSON is not found.
struct JsonStep {
  std::string_view key;
  std::uint8_t parent = 0;
  JsonWant want = JsonWant::kPass;
  std::uint8_t tag = 0;  // the table's own; hits carry it
};

/// A step that knows its children.
struct JsonNode {
  static constexpr std::uint8_t kNone = 0xFF;

  std::string_view key;
  std::uint64_t key_head = 0;   // its first eight bytes, zeros behind a shorter one
  std::uint64_t key_sizes = 0;  // of the children, a bit for a size
  JsonWant want = JsonWant::kPass;
  std::uint8_t tag = 0;
  std::uint8_t first_child = 0;
  std::uint8_t child_count = 0;
  std::uint8_t element = kNone;  // the child that is every element

  static constexpr std::uint64_t sizeBit(std::size_t size) {
    return std::uint64_t{1} << (size < 63 ? size : 63);
  }
  static constexpr std::uint64_t headOf(std::string_view key) {
    std::uint64_t head = 0;
    for (std::size_t i = 0; i < 8 && i < key.size(); ++i) {
      head |= std::uint64_t{static_cast<std::uint8_t>(key[i])} << (8 * i);
    }
    return head;
  }
};

/// Steps -> nodes, when the program is compiled; a table that breaks the rules does not compile.
template <std::size_t size>
consteval std::array<JsonNode, size> linkSteps(const std::array<JsonStep, size>& steps) {
  static_assert(size > 0 && size < JsonNode::kNone);
  std::array<JsonNode, size> nodes{};
  for (std::size_t i = 0; i < size; ++i) {
    nodes[i].key = steps[i].key;
    nodes[i].key_head = JsonNode::headOf(steps[i].key);
    nodes[i].want = steps[i].want;
    nodes[i].tag = steps[i].tag;
    if (i == 0) {
      continue;
    }
    JsonNode& parent = nodes[steps[i].parent];
    const auto child = static_cast<std::uint8_t>(i);
    const bool element = steps[i].key == "[]";
    bool together = parent.child_count == 0 || parent.first_child + parent.child_count == i;
    if (steps[i].parent >= i || !(element ? parent.element == JsonNode::kNone : together)) {
      throw "a step stands before its parent or apart from its siblings";
    }
    if (element) {
      parent.element = child;
      continue;
    }
    parent.key_sizes |= JsonNode::sizeBit(nodes[i].key.size());
    if (parent.child_count++ == 0) {
      parent.first_child = child;
    }
  }
  return nodes;
}

struct JsonHit {
  std::uint8_t step = 0;  // index in the table
  std::uint8_t tag = 0;   // the step's
  JsonType type = JsonType::kNull;
  /// The value as written, quotes and escapes included; empty if it is over JsonScan::kMaxText.
  /// Lives until it has been taken.
  std::string_view text;
  /// Its bytes as written.
  std::uint64_t size = 0;
};

/// Who is told of hits. Must not scan further meanwhile.
class JsonHits {
 public:
  virtual void take(const JsonHit& hit) = 0;

 protected:
  ~JsonHits() = default;
};

/// Hits come in the order in which their values end. Owner's thread.
class JsonScan {
 public:
  static constexpr std::size_t kMaxText = std::size_t{64} << 10;
  static constexpr std::size_t kMaxDepth = 8;  // of a path

  /// The table must outlive the scan; it is static data as a rule.
  explicit JsonScan(std::span<const JsonNode> nodes) : nodes_(nodes) {}

  /// The next bytes of the text.
  void scan(std::string_view bytes, JsonHits& hits);
  /// Whether a whole value has been read.
  bool done() const { return state_ == State::kDone; }
  /// Whether the bytes ended within an object, array or string.
  bool unfinished() const;

 private:
  enum class State : std::uint8_t {
    kAfter,     // behind a value in a container
    kKeyOrEnd,  // a key, or the end of an object
    kKey,       // within a key
    kColon,
    kValue,     // a value is due, a scalar may have begun; or the end of an empty array
    kString,    // within a string value
    kUnwanted,  // within a member without paths of ours, before its value's end
    kSkip,      // within a container without paths of ours
    kDone,
    kFailed,
  };
  struct Frame {
    std::uint8_t step;
    bool array;
  };
  /// Of the block of 64 bytes being looked at, a bit for a byte. A token is a quote that begins or
  /// ends a string, or what nests or parts outside of strings.
  struct Tokens {
    const char* block = nullptr;
    const char* at = nullptr;    // the one taken last
    std::uint64_t left = 0;      // not yet taken
    std::uint64_t brackets = 0;  // those that nest, taken or not
    std::uint64_t ends = 0;      // those, and commas
  };
  static constexpr std::uint8_t kNoStep = JsonNode::kNone;

  bool advance(Tokens& tokens);
  bool advanceAfter(Tokens& tokens);
  bool advanceMember(Tokens& tokens);
  bool advanceValue(Tokens& tokens);
  bool advanceUnwanted(Tokens& tokens);
  bool loadBlock();
  bool take(Tokens& tokens);
  bool takeOf(std::uint64_t Tokens::* which, Tokens& tokens);
  bool takeSkipped(Tokens& tokens);
  void endKey(const char* at);
  bool beginValue(const char* at);
  void endValue(const char* at);
  bool endScalar(const char* at);
  void openContainer(const char* at);
  void closeContainer(const char* at);
  void nextElement(const char* from, std::uint8_t parent);
  bool wanted() const;
  std::string_view joined(std::string_view here);
  void forgetKept();
  std::uint8_t childOf(std::uint8_t step, std::string_view key) const;
  void keepUnfinished();
  void tell(std::uint8_t step, JsonType type, std::string_view text, std::uint64_t size) {
    hits_->take({.step = step, .tag = node(step).tag, .type = type, .text = text, .size = size});
  }

  const JsonNode& node(std::uint8_t step) const { return nodes_.data()[step]; }
  std::string_view since(const char* end) const {
    return {begin_, static_cast<std::size_t>(end - begin_)};
  }

  std::span<const JsonNode> nodes_;
  JsonHits* hits_ = nullptr;      // while scan() runs
  Tokens tokens_;                 // of the block loaded last
  const char* loaded_ = nullptr;  // end of the block
  const char* end_ = nullptr;     // of the bytes
  const char* begin_ = nullptr;   // of the value or key being read, in these bytes
  std::string kept_;              // its part in earlier pieces
  std::uint64_t size_ = 0;        // of that part
  std::uint64_t in_string_ = 0;   // all ones if the bytes seen end within a string
  std::uint32_t depth_ = 0;       // of skipped containers
  std::array<Frame, kMaxDepth> frames_{};
  std::uint8_t frame_count_ = 0;
  std::uint8_t step_ = 0;  // of the value being read or due
  State state_ = State::kValue;
  JsonType type_ = JsonType::kNull;
  bool escaped_ = false;       // behind a backslash that escapes the next byte
  bool scalar_begun_ = false;  // in an earlier piece
};

}  // namespace gatehouse::wire
