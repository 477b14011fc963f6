#include "wire/json_scan.h"

#include <bit>
#include <cstring>

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
  while (at_ < bytes_.size() && state_ != State::kDone && state_ != State::kFailed) {
    if (std::optional<JsonHit> hit = advance()) {
      return hit;
    }
  }
  keepUnfinished();
  return std::nullopt;
}

/// One step forward; at least one byte is taken or the state changes.
std::optional<JsonHit> JsonScan::advance() {
  switch (state_) {
    case State::kString:
      if (findStringEnd()) {
        return endValue(JsonType::kString);
      }
      return std::nullopt;
    case State::kKey:
      if (std::optional<std::size_t> quote = findStringEnd()) {
        endKey(*quote);
      }
      return std::nullopt;
    case State::kSkip:
    case State::kSkipString:
      return skip();
    case State::kScalar:
      while (at_ < bytes_.size() && !has(kEndsScalar, bytes_[at_])) {
        ++at_;
      }
      return at_ < bytes_.size() ? endValue(type_) : std::nullopt;
    default:
      break;
  }
  skipSpace();
  if (at_ == bytes_.size()) {
    return std::nullopt;
  }
  char c = bytes_[at_];
  switch (state_) {
    case State::kValue:
      if (c == ']') {
        return endContainer();
      }
      beginValue(c);
      return std::nullopt;
    case State::kKeyOrEnd:
      if (c == '}') {
        return endContainer();
      }
      ++at_;
      begin_ = at_;
      kept_.clear();
      odd_key_ = false;
      state_ = c == '"' ? State::kKey : State::kFailed;
      return std::nullopt;
    case State::kColon:
      ++at_;
      state_ = c == ':' ? State::kValue : State::kFailed;
      return std::nullopt;
    default:  // kAfter
      if (c != ',') {
        return endContainer();
      }
      ++at_;
      state_ = frames_[frame_count_ - 1U].array ? State::kValue : State::kKeyOrEnd;
      if (state_ == State::kValue) {
        step_ = childOf(frames_[frame_count_ - 1U].step, "[]");
      }
      return std::nullopt;
  }
}

void JsonScan::beginValue(char first) {
  type_ = typeOf(first);
  begin_ = at_;
  size_ = 0;
  kept_.clear();
  if (type_ == JsonType::kObject || type_ == JsonType::kArray) {
    ++at_;
    openContainer(type_ == JsonType::kArray);
  } else if (type_ == JsonType::kString) {
    ++at_;
    state_ = State::kString;
  } else {
    state_ = State::kScalar;
    if (has(kEndsScalar, first) || first == ':') {
      state_ = State::kFailed;
    }
  }
}

void JsonScan::openContainer(bool array) {
  if (!hasChildren(step_) || frame_count_ == kMaxDepth) {
    depth_ = 1;
    state_ = State::kSkip;
    return;
  }
  frames_[frame_count_++] = {step_, array};
  if (array) {
    step_ = childOf(step_, "[]");
  }
  state_ = array ? State::kValue : State::kKeyOrEnd;
}

/// at_ is behind the value.
std::optional<JsonHit> JsonScan::endValue(JsonType type) {
  std::uint8_t step = step_;
  state_ = frame_count_ == 0 ? State::kDone : State::kAfter;
  if (step == kNoStep || steps_[step].want == JsonWant::kPass) {
    return std::nullopt;
  }
  std::string_view here = bytes_.substr(begin_, at_ - begin_);
  JsonHit hit{.step = step, .type = type, .text = {}, .size = size_ + here.size()};
  if (steps_[step].want == JsonWant::kText && hit.size <= kMaxText) {
    if (kept_.empty()) {
      hit.text = here;
    } else {
      kept_.append(here);
      hit.text = kept_;
    }
  }
  return hit;
}

/// at_ is at a bracket that must close the innermost container with a path of ours.
std::optional<JsonHit> JsonScan::endContainer() {
  char c = bytes_[at_++];
  if (frame_count_ == 0 || c != (frames_[frame_count_ - 1U].array ? ']' : '}')) {
    state_ = State::kFailed;
    return std::nullopt;
  }
  Frame frame = frames_[--frame_count_];
  state_ = frame_count_ == 0 ? State::kDone : State::kAfter;
  if (steps_[frame.step].want == JsonWant::kPass) {
    return std::nullopt;
  }
  JsonType type = frame.array ? JsonType::kArray : JsonType::kObject;
  return JsonHit{.step = frame.step, .type = type, .text = {}, .size = 0};
}

void JsonScan::endKey(std::size_t quote) {
  std::string_view here = bytes_.substr(begin_, quote - begin_);
  std::uint8_t parent = frames_[frame_count_ - 1U].step;
  if (odd_key_) {
    step_ = kNoStep;
  } else if (kept_.empty()) {
    step_ = childOf(parent, here);
  } else {
    kept_.append(here);
    step_ = childOf(parent, kept_);
  }
  kept_.clear();
  state_ = State::kColon;
}

/// Moves at_ behind the closing quote and says where it is; without one in these bytes, to their
/// end.
std::optional<std::size_t> JsonScan::findStringEnd() {
  const char* begin = bytes_.data();
  std::size_t size = bytes_.size();
  std::size_t at = at_ + (escaped_ ? 1 : 0);
  escaped_ = false;
  auto find = [&](char wanted, std::size_t from, std::size_t to) {
    const void* found = from < to ? std::memchr(begin + from, wanted, to - from) : nullptr;
    return found != nullptr ? static_cast<std::size_t>(static_cast<const char*>(found) - begin)
                            : to;
  };
  std::size_t quote = find('"', at, size);
  while (true) {
    std::size_t backslash = find('\\', at, quote);
    if (backslash == quote) {
      break;
    }
    odd_key_ = true;
    at = backslash + 2;
    if (at > size) {
      escaped_ = true;
      quote = size;
      break;
    }
    if (at > quote) {
      quote = find('"', at, size);
    }
  }
  at_ = quote < size ? quote + 1 : size;
  return quote < size ? std::optional(quote) : std::nullopt;
}

std::optional<JsonHit> JsonScan::skip() {
  while (at_ < bytes_.size()) {
    if (state_ == State::kSkipString) {
      if (!findStringEnd()) {
        return std::nullopt;
      }
      state_ = State::kSkip;
      continue;
    }
    at_ = findNesting(bytes_, at_);
    if (at_ == bytes_.size()) {
      return std::nullopt;
    }
    char c = bytes_[at_++];
    if (c == '"') {
      state_ = State::kSkipString;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (--depth_ == 0) {
      return endValue(type_);
    }
  }
  return std::nullopt;
}

std::uint8_t JsonScan::childOf(std::uint8_t step, std::string_view key) const {
  for (std::size_t i = step + 1U; i < steps_.size(); ++i) {
    if (steps_[i].parent == step && steps_[i].key == key) {
      return static_cast<std::uint8_t>(i);
    }
  }
  return kNoStep;
}

bool JsonScan::hasChildren(std::uint8_t step) const {
  if (step == kNoStep) {
    return false;
  }
  for (std::size_t i = step + 1U; i < steps_.size(); ++i) {
    if (steps_[i].parent == step) {
      return true;
    }
  }
  return false;
}

/// The bytes end within a value or key: what is wanted of it is kept.
void JsonScan::keepUnfinished() {
  std::string_view rest = begin_ <= bytes_.size() ? bytes_.substr(begin_) : std::string_view();
  bool in_value = state_ == State::kString || state_ == State::kScalar || state_ == State::kSkip ||
                  state_ == State::kSkipString;
  if (in_value && step_ != kNoStep) {
    size_ += rest.size();
    if (steps_[step_].want == JsonWant::kText && size_ <= kMaxText) {
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

void JsonScan::skipSpace() {
  while (at_ < bytes_.size() && (bytes_[at_] == ' ' || bytes_[at_] == '\n' || bytes_[at_] == '\r' ||
                                 bytes_[at_] == '\t')) {
    ++at_;
  }
}

}  // namespace gatehouse::wire
