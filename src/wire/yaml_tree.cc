#include "wire/yaml_tree.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "wire/json.h"
#include "wire/yaml_scalar.h"

namespace gatehouse::wire {

void YamlTree::scalar(std::size_t offset, Anchor anchor, ScalarStyle style, std::string_view text) {
  if (stopped_) {
    return;
  }
  bool plain = style == ScalarStyle::kPlain;
  if (wantsKey()) {
    if (anchor != 0) {
      anchored_[anchor] = {Value(text)};
    }
    setKey(offset, text, plain && text == "<<");
    return;
  }
  auto value = plain ? plainScalar(text) : Value(text);
  if (!value) {
    fail(offset, fmt::format("'{}' is a number JSON cannot express", text));
    value.emplace();
  }
  value->position = lines_.at(offset);
  add(offset, anchor, {*std::move(value)});
}

void YamlTree::absent(std::size_t offset, Anchor anchor) {
  if (stopped_) {
    return;
  }
  if (wantsKey()) {
    fail(offset, "a key is missing before ':'");
    setKey(offset, "", false);
    return;
  }
  bool in_map = !frames_.empty() && frames_.back().map;
  if (in_map) {
    if (offset == frames_.back().key_offset) {
      fail(offset, fmt::format("expected ':' after the key '{}'", printable(frames_.back().key)));
    }
    offset = frames_.back().key_offset;
  }
  Value null;
  null.position = lines_.at(offset);
  add(offset, anchor, {std::move(null)});
}

void YamlTree::alias(std::size_t offset, Anchor anchor) {
  if (stopped_) {
    return;
  }
  auto found = anchored_.find(anchor);
  if (found == anchored_.end()) {
    fail(offset, "an alias within the value it stands for");
    stopped_ = true;
    return;
  }
  if (!wantsKey()) {
    add(offset, 0, found->second);
  } else if (const std::string* text = found->second.value.string()) {
    setKey(offset, *text, false);
  } else {
    fail(offset, "a key must be text");
    setKey(offset, "", false);
  }
}

void YamlTree::startList(std::size_t offset, Anchor anchor) {
  start(offset, anchor, false);
}
void YamlTree::startMap(std::size_t offset, Anchor anchor) {
  start(offset, anchor, true);
}

void YamlTree::start(std::size_t offset, Anchor anchor, bool map) {
  if (stopped_) {
    return;
  }
  bool is_key = wantsKey();
  if (is_key) {
    fail(offset, fmt::format("a key must be text, not a {}", map ? "map" : "list"));
  }
  if (frames_.size() >= limits_.max_depth) {
    fail(offset, fmt::format("nested deeper than {} levels", limits_.max_depth));
    stopped_ = true;
    return;
  }
  Frame& frame = frames_.emplace_back();
  frame.map = map;
  frame.is_key = is_key;
  frame.anchor = anchor;
  frame.node.value = map ? Value(Object{}) : Value(Array{});
  frame.node.value.position = lines_.at(offset);
}

void YamlTree::end() {
  if (stopped_) {
    return;
  }
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.is_key) {
    frames_.back().key_known = true;
    return;
  }
  mergeInto(frame);
  add(lines_.offsetOf(frame.node.value.position), frame.anchor, std::move(frame.node));
}

void YamlTree::setKey(std::size_t offset, std::string_view text, bool merge) {
  Frame& frame = frames_.back();
  frame.key_known = true;
  frame.merge = merge;
  frame.key = text;
  frame.key_offset = offset;
  Position position = lines_.at(offset);
  auto [first, fresh] = frame.keys.emplace(frame.key, position);
  if (!fresh) {
    fail(
        offset,
        fmt::format(
            "duplicate key '{}', first on line {}", printable(frame.key), first->second.line
        )
    );
  }
}

/// Puts a whole node where it belongs.
void YamlTree::add(std::size_t offset, Anchor anchor, Node node) {
  nodes_ += anchor == 0 ? node.count : 2 * node.count;  // an anchored node is kept twice
  if (nodes_ > limits_.max_nodes) {
    fail(offset, fmt::format("more than {} values, aliases expanded", limits_.max_nodes));
    stopped_ = true;
    return;
  }
  if (anchor != 0) {
    anchored_[anchor] = node;
  }
  if (frames_.empty()) {
    root_ = std::move(node.value);
    return;
  }
  Frame& frame = frames_.back();
  frame.node.count += node.count;
  if (!frame.map) {
    frame.node.value.array()->push_back(std::move(node.value));
    return;
  }
  frame.key_known = false;
  if (frame.merge) {
    addMerge(offset, node.value);
    return;
  }
  frame.node.value.object()->push_back(
      {std::move(frame.key), std::move(node.value), lines_.at(frame.key_offset)}
  );
}

void YamlTree::addMerge(std::size_t offset, const Value& value) {
  Frame& frame = frames_.back();
  if (value.isObject()) {
    frame.merged.push_back(value);
    return;
  }
  const Array* maps = value.array();
  for (std::size_t i = 0; maps != nullptr && i < maps->size(); ++i) {
    if (!(*maps)[i].isObject()) {
      maps = nullptr;
      break;
    }
    frame.merged.push_back((*maps)[i]);
  }
  if (maps == nullptr) {
    fail(offset, "'<<' takes a map or a list of maps");
  }
}

/// Members of merged maps come last; the map's own and those of earlier maps win.
void YamlTree::mergeInto(Frame& frame) {
  for (const Value& source : frame.merged) {
    for (const Member& member : *source.object()) {
      if (frame.keys.emplace(member.key, member.key_position).second) {
        frame.node.value.object()->push_back(member);
      }
    }
  }
}

void YamlTree::fail(std::size_t offset, std::string message) {
  if (!stopped_) {
    errors_.push_back({offset, lines_.at(offset), std::move(message)});
  }
}

}  // namespace gatehouse::wire
