#include "wire/json_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "wire/byte_block.h"

namespace gatehouse::wire {
namespace {

constexpr std::array<bool, 256> kEndsScalar = [] {
  std::array<bool, 256> table{};
  for (char c : {',', ']', '}', ' ', '\t', '\r', '\n'}) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

bool isNesting(char c) {
  return c == '"' || c == '[' || c == ']' || c == '{' || c == '}';
}

/// The offset of the first byte at or behind `at` that nests or begins a string.
std::size_t findNesting(std::string_view bytes, std::size_t at) {
  while (bytes.size() - at >= ByteBlock::kSize) {
    std::uint64_t found = ByteBlock(bytes.data() + at).anyOf<'"', '[', ']', '{', '}'>();
    if (found != 0) {
      return at + static_cast<std::size_t>(std::countr_zero(found));
    }
    at += ByteBlock::kSize;
  }
  while (at < bytes.size() && !isNesting(bytes[at])) {
    ++at;
  }
  return at;
}

bool has(const std::array<bool, 256>& table, char c) {
  return table[static_cast<unsigned char>(c)];
}

/// The offset of the first quote or backslash at or behind `at`; at least the size if there is
/// none.
std::size_t findQuoteOrBackslash(std::string_view bytes, std::size_t at) {
  constexpr std::size_t kMostKeys = 16;  // few bytes are faster looked at one by one
  std::size_t near = std::min(bytes.size(), at + kMostKeys);
  for (; at < near; ++at) {
    if (bytes[at] == '"' || bytes[at] == '\\') {
      return at;
    }
  }
  while (at < bytes.size() && bytes.size() - at >= ByteBlock::kSize) {
    std::uint64_t found = ByteBlock(bytes.data() + at).anyOf<'"', '\\'>();
    if (found != 0) {
      return at + static_cast<std::size_t>(std::countr_zero(found));
    }
    at += ByteBlock::kSize;
  }
  while (at < bytes.size() && bytes[at] != '"' && bytes[at] != '\\') {
    ++at;
  }
  return at;
}

JsonType typeOf(char first) {
  switch (first) {
    case '"':
      return JsonType::kString;
    case '{':
      return JsonType::kObject;
    case '[':
      return JsonType::kArray;
    case 't':
    case 'f':
      return JsonType::kBoolean;
    case 'n':
      return JsonType::kNull;
    default:
      return JsonType::kNumber;
  }
}

}  // namespace

bool JsonScan::unfinished() const {
  switch (state_) {
    case State::kDone:
    case State::kFailed:
      return false;
    case State::kValue:
    case State::kScalar:
      return frame_count_ > 0;
    default:
      return true;
  }
}

void JsonScan::feed(std::string_view bytes) {
  bytes_ = bytes;
  at_ = 0;
  begin_ = 0;
}

std::optional<JsonHit> JsonScan::next() {
  hit_.reset();
  while (at_ < bytes_.size() && state_ != State::kDone && state_ != State::kFailed) {
    advance();
    if (hit_) {
      return hit_;
    }
  }
  keepUnfinished();
  return std::nullopt;
}

/// Goes on where the last bytes ended, up to the end of a member or element.
void JsonScan::advance() {
  switch (state_) {
    case State::kKeyOrEnd:
      if (!takeKeyBegin()) {
        return;
      }
      [[fallthrough]];
    case State::kKey:
      if (!takeKey()) {
        return;
      }
      [[fallthrough]];
    case State::kColon:
      if (!takeColon()) {
        return;
      }
      [[fallthrough]];
    case State::kValue:
      if (!takeValueBegin()) {
        return;
      }
      [[fallthrough]];
    case State::kString:
    case State::kScalar:
    case State::kSkip:
    case State::kSkipString:
      if (!takeValue() || hit_ || frame_count_ == 0) {
        return;
      }
      [[fallthrough]];
    case State::kAfter:
      takeAfter();
      return;
    case State::kDone:
    case State::kFailed:
      return;
  }
}

bool JsonScan::takeKeyBegin() {
  if (!skipSpace()) {
    return false;
  }
  if (bytes_[at_] != '"') {
    endContainer();
    return false;
  }
  begin_ = ++at_;
  kept_.clear();
  odd_key_ = false;
  state_ = State::kKey;
  return true;
}

bool JsonScan::takeKey() {
  std::optional<std::size_t> quote = takeString();
  if (!quote) {
    return false;
  }
  std::string_view key = bytes_.substr(begin_, *quote - begin_);
  if (!kept_.empty()) {
    kept_.append(key);
    key = kept_;
  }
  step_ = odd_key_ ? kNoStep : childOf(frames_[frame_count_ - 1U].step, key);
  kept_.clear();
  state_ = State::kColon;
  return true;
}

bool JsonScan::takeColon() {
  if (!skipSpace()) {
    return false;
  }
  state_ = bytes_[at_++] == ':' ? State::kValue : State::kFailed;
  return state_ == State::kValue;
}

/// False too if a container with paths of ours begins: its members come first.
bool JsonScan::takeValueBegin() {
  if (!skipSpace()) {
    return false;
  }
  char first = bytes_[at_];
  if (first == ']') {
    endContainer();
    return false;
  }
  type_ = typeOf(first);
  begin_ = at_;
  size_ = 0;
  kept_.clear();
  switch (type_) {
    case JsonType::kObject:
    case JsonType::kArray:
      ++at_;
      openContainer();
      return state_ == State::kSkip;
    case JsonType::kString:
      ++at_;
      state_ = State::kString;
      return true;
    default:
      state_ = has(kEndsScalar, first) || first == ':' ? State::kFailed : State::kScalar;
      return state_ == State::kScalar;
  }
}

bool JsonScan::takeValue() {
  bool whole = state_ == State::kString   ? takeString().has_value()
               : state_ == State::kScalar ? takeScalar()
                                          : takeSkipped();
  if (whole) {
    endValue();
  }
  return whole;
}

void JsonScan::takeAfter() {
  if (!skipSpace()) {
    return;
  }
  if (bytes_[at_] != ',') {
    endContainer();
    return;
  }
  ++at_;
  Frame frame = frames_[frame_count_ - 1U];
  state_ = frame.array ? State::kValue : State::kKeyOrEnd;
  if (frame.array) {
    step_ = childOf(frame.step, "[]");
  }
}

void JsonScan::openContainer() {
  if (step_ == kNoStep || nodes_[step_].child_count == 0 || frame_count_ == kMaxDepth) {
    depth_ = 1;
    state_ = State::kSkip;
    return;
  }
  bool array = type_ == JsonType::kArray;
  frames_[frame_count_++] = {step_, array};
  state_ = array ? State::kValue : State::kKeyOrEnd;
  if (array) {
    step_ = childOf(step_, "[]");
  }
}

/// At a bracket that must close the innermost container with paths of ours.
void JsonScan::endContainer() {
  char c = bytes_[at_++];
  if (frame_count_ == 0 || c != (frames_[frame_count_ - 1U].array ? ']' : '}')) {
    state_ = State::kFailed;
    return;
  }
  Frame frame = frames_[--frame_count_];
  state_ = frame_count_ == 0 ? State::kDone : State::kAfter;
  if (nodes_[frame.step].want != JsonWant::kPass) {
    JsonType type = frame.array ? JsonType::kArray : JsonType::kObject;
    hit_ = JsonHit{.step = frame.step, .type = type, .text = {}, .size = 0};
  }
}

/// Behind a value.
void JsonScan::endValue() {
  state_ = frame_count_ == 0 ? State::kDone : State::kAfter;
  if (step_ == kNoStep || nodes_[step_].want == JsonWant::kPass) {
    return;
  }
  std::string_view here = bytes_.substr(begin_, at_ - begin_);
  hit_ = JsonHit{.step = step_, .type = type_, .text = {}, .size = size_ + here.size()};
  if (nodes_[step_].want == JsonWant::kText && hit_->size <= kMaxText) {
    if (!kept_.empty()) {
      kept_.append(here);
      here = kept_;
    }
    hit_->text = here;
  }
}

bool JsonScan::takeScalar() {
  std::size_t at = at_;
  while (at < bytes_.size() && !has(kEndsScalar, bytes_[at])) {
    ++at;
  }
  at_ = at;
  return at < bytes_.size();
}

bool JsonScan::takeSkipped() {
  while (true) {
    if (state_ == State::kSkipString) {
      if (!takeString()) {
        return false;
      }
      state_ = State::kSkip;
    }
    at_ = findNesting(bytes_, at_);
    if (at_ == bytes_.size()) {
      return false;
    }
    char c = bytes_[at_++];
    if (c == '"') {
      state_ = State::kSkipString;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (--depth_ == 0) {
      return true;
    }
  }
}

/// Moves behind the closing quote and says where it is; without one in these bytes, to their end.
std::optional<std::size_t> JsonScan::takeString() {
  std::size_t size = bytes_.size();
  std::size_t at = at_ + (std::exchange(escaped_, false) ? 1 : 0);
  while (true) {
    at = findQuoteOrBackslash(bytes_, at);
    if (at >= size) {
      at_ = size;
      return std::nullopt;
    }
    if (bytes_[at] == '"') {
      at_ = at + 1;
      return at;
    }
    odd_key_ = true;
    at += 2;
    escaped_ = at > size;
  }
}

std::uint8_t JsonScan::childOf(std::uint8_t step, std::string_view key) const {
  const JsonNode& parent = nodes_[step];
  for (unsigned i = parent.first_child, end = i + parent.child_count; i < end; ++i) {
    std::string_view known = nodes_[i].key;
    if (known.size() == key.size() && std::memcmp(known.data(), key.data(), key.size()) == 0) {
      return static_cast<std::uint8_t>(i);
    }
  }
  return kNoStep;
}

/// The bytes end within a value or key: what is wanted of it is kept.
void JsonScan::keepUnfinished() {
  std::string_view rest = begin_ <= bytes_.size() ? bytes_.substr(begin_) : std::string_view();
  bool in_value = state_ == State::kString || state_ == State::kScalar || state_ == State::kSkip ||
                  state_ == State::kSkipString;
  if (in_value && step_ != kNoStep) {
    size_ += rest.size();
    if (nodes_[step_].want == JsonWant::kText && size_ <= kMaxText) {
      kept_.append(rest);
    }
  } else if (state_ == State::kKey) {
    constexpr std::size_t kLongestKey = 256;  // longer than any of ours
    if (kept_.size() + rest.size() <= kLongestKey) {
      kept_.append(rest);
    } else {
      odd_key_ = true;
    }
  }
  bytes_ = {};
  at_ = 0;
  begin_ = 0;
}

bool JsonScan::skipSpace() {
  std::size_t at = at_;
  while (at < bytes_.size() &&
         (bytes_[at] == ' ' || bytes_[at] == '\n' || bytes_[at] == '\r' || bytes_[at] == '\t')) {
    ++at;
  }
  at_ = at;
  return at < bytes_.size();
}

}  // namespace gatehouse::wire
