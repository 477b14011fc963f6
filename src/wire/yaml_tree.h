// YamlTree: builds one document's Value out of the parser's events, in the order they come:
// resolves scalars, aliases and merge keys, refuses duplicate keys, and stops at the limits. Knows
// nothing of the parser.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wire/yaml.h"

namespace gatehouse::wire {

/// How a scalar was written.
enum class ScalarStyle { kPlain, kQuoted };

class YamlTree {
 public:
  /// An anchor's number; 0 = none.
  using Anchor = std::size_t;

  /// `lines` counts in the text whose offsets are given below.
  YamlTree(const YamlLimits& limits, const LineIndex& lines) : limits_(limits), lines_(lines) {}

  void scalar(std::size_t offset, Anchor anchor, ScalarStyle style, std::string_view text);
  /// A value that is not there, as behind "key:". `offset` is where the parser missed it.
  void absent(std::size_t offset, Anchor anchor);
  void alias(std::size_t offset, Anchor anchor);
  void startList(std::size_t offset, Anchor anchor);
  void startMap(std::size_t offset, Anchor anchor);
  void end();
  void fail(std::size_t offset, std::string message);

  /// A limit is reached: what comes is ignored.
  bool stopped() const { return stopped_; }
  /// Once everything has ended; meaningless if there are errors.
  Value& root() { return root_; }
  std::vector<SyntaxError>& errors() { return errors_; }

 private:
  struct Node {
    Value value;
    std::size_t count = 1;  // nodes in it
  };

  struct Frame {
    Node node;
    Anchor anchor = 0;
    bool map = false;
    bool is_key = false;  // stands where only text may stand
    // Of a map:
    bool key_known = false;
    bool merge = false;  // the value to come belongs to "<<"
    std::string key;
    std::size_t key_offset = 0;
    std::unordered_map<std::string, Position> keys;
    std::vector<Value> merged;
  };

  bool wantsKey() const {
    return !frames_.empty() && frames_.back().map && !frames_.back().key_known;
  }
  void start(std::size_t offset, Anchor anchor, bool map);
  void setKey(std::size_t offset, std::string_view text, bool merge);
  void add(std::size_t offset, Anchor anchor, Node node);
  void addMerge(std::size_t offset, const Value& value);
  void mergeInto(Frame& frame);

  const YamlLimits& limits_;
  const LineIndex& lines_;
  std::vector<Frame> frames_;
  std::map<Anchor, Node> anchored_;
  std::size_t nodes_ = 0;
  bool stopped_ = false;
  Value root_;
  std::vector<SyntaxError> errors_;
};

}  // namespace gatehouse::wire
