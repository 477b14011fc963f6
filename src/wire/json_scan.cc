#include "wire/json_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <immintrin.h>

#include "base/text.h"
#include "wire/byte_block.h"

namespace gatehouse::wire {
namespace {

constexpr ByteClass kBrackets("{}[]");

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

/// The bytes that a backslash escapes. `carry`: the byte before the block escapes its first; set
/// for the next block.
std::uint64_t escapedBytes(std::uint64_t backslashes, std::size_t count, bool& carry) {
  if (backslashes == 0 && !carry) [[likely]] {
    return 0;
  }
  std::uint64_t escaped = carry ? 1 : 0;
  backslashes &= ~escaped;
  carry = false;
  while (backslashes != 0) {
    auto at = static_cast<unsigned>(std::countr_zero(backslashes));
    carry = at + 1 == count;
    std::uint64_t next = at == 63 ? 0 : std::uint64_t{2} << at;
    escaped |= next;
    backslashes &= ~(next | (std::uint64_t{1} << at));
  }
  return escaped;
}

/// Bit i of the result is the parity of bits 0..i: from an opening quote up to before its closing
/// one. That is a product without carries by all ones.
std::uint64_t parity(std::uint64_t bits) {
  __m128i factor = _mm_cvtsi64_si128(static_cast<std::int64_t>(bits));
  __m128i product = _mm_clmulepi64_si128(factor, _mm_set1_epi8(-1), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

/// Eight bytes from `key` on as JsonNode::headOf has them; `end` is that of what can be read.
std::uint64_t headOf(std::string_view key, const char* end) {
  std::uint64_t head = 0;
  if (end - key.data() >= 8) [[likely]] {
    std::memcpy(&head, key.data(), sizeof head);
    return key.size() < 8 ? head & ((std::uint64_t{1} << (8 * key.size())) - 1) : head;
  }
  std::memcpy(&head, key.data(), std::min(key.size(), sizeof head));
  return head;
}

/// Of two keys of one size that begin with the same eight bytes: without a call.
bool sameRest(std::string_view a, std::string_view b) {
  auto sameAt = [&](std::size_t at) {
    std::uint64_t left = 0;
    std::uint64_t right = 0;
    std::memcpy(&left, a.data() + at, sizeof left);
    std::memcpy(&right, b.data() + at, sizeof right);
    return left == right;
  };
  for (std::size_t at = 8; at + 8 < a.size(); at += 8) {
    if (!sameAt(at)) {
      return false;
    }
  }
  return a.size() <= 8 || sameAt(a.size() - 8);
}

}  // namespace

bool JsonScan::unfinished() const {
  switch (state_) {
    case State::kDone:
    case State::kFailed:
      return false;
    case State::kValue:
      return frame_count_ > 0;
    default:
      return true;
  }
}

// The tokens are a local variable while hits are looked for, so that registers have them.
void JsonScan::scan(std::string_view bytes, JsonHits& hits) {
  hits_ = &hits;
  begin_ = bytes.data();
  loaded_ = begin_;
  end_ = begin_ + bytes.size();
  Tokens tokens;
  while (advance(tokens)) {
  }
  keepUnfinished();
}

/// Goes on where the last bytes ended, at most to behind a member or element. False if that needs
/// more bytes.
[[gnu::always_inline]] inline bool JsonScan::advance(Tokens& tokens) {
  switch (state_) {
    case State::kAfter:
      return advanceAfter(tokens);
    case State::kKeyOrEnd:
    case State::kKey:
    case State::kColon:
      return advanceMember(tokens);
    case State::kValue:
    case State::kString:
      return advanceValue(tokens);
    case State::kUnwanted:
      return advanceUnwanted(tokens);
    case State::kSkip:
      if (!takeSkipped(tokens)) {
        return false;
      }
      endValue(tokens.at);
      return true;
    case State::kDone:
    case State::kFailed:
      return false;
  }
  return false;
}

[[gnu::always_inline]] inline bool JsonScan::advanceAfter(Tokens& tokens) {
  if (!take(tokens)) {
    return false;
  }
  if (*tokens.at != ',') {
    closeContainer(tokens.at);
    return true;
  }
  if (const Frame frame = frames_.data()[frame_count_ - 1U]; frame.array) {
    nextElement(tokens.at + 1, frame.step);
    return true;
  }
  state_ = State::kKeyOrEnd;
  return advanceMember(tokens);
}

/// From before, within or behind a key on.
[[gnu::always_inline]] inline bool JsonScan::advanceMember(Tokens& tokens) {
  if (state_ == State::kKeyOrEnd) {
    if (!take(tokens)) {
      return false;
    }
    if (*tokens.at != '"') {
      closeContainer(tokens.at);
      return true;
    }
    begin_ = tokens.at + 1;
    forgetKept();
    state_ = State::kKey;
  }
  if (state_ == State::kKey) {
    if (!take(tokens)) {
      return false;
    }
    endKey(tokens.at);
    if (state_ == State::kUnwanted) {
      return advanceUnwanted(tokens);
    }
  }
  if (!take(tokens)) {
    return false;
  }
  begin_ = tokens.at + 1;
  size_ = 0;
  scalar_begun_ = false;
  if (*tokens.at != ':') {
    state_ = State::kFailed;
    return true;
  }
  state_ = State::kValue;
  return advanceValue(tokens);
}

[[gnu::always_inline]] inline bool JsonScan::advanceValue(Tokens& tokens) {
  if (state_ == State::kValue) {
    if (!take(tokens)) {
      return false;
    }
    if (*tokens.at != '"') {
      if (!beginValue(tokens.at)) {
        tokens.left |= std::uint64_t{1} << (tokens.at - tokens.block);
      }
      return true;
    }
    type_ = JsonType::kString;
    begin_ = tokens.at;
    size_ = 0;
    forgetKept();
    state_ = State::kString;
  }
  if (!take(tokens)) {
    return false;
  }
  endValue(tokens.at);
  return true;
}

/// To the first comma or bracket behind the key.
[[gnu::always_inline]] inline bool JsonScan::advanceUnwanted(Tokens& tokens) {
  if (!takeOf(&Tokens::ends, tokens)) {
    return false;
  }
  const char c = *tokens.at;
  if (c == ',') {
    state_ = State::kKeyOrEnd;
  } else if (c == '{' || c == '[') {
    depth_ = 1;
    state_ = State::kSkip;
  } else {
    closeContainer(tokens.at);
  }
  return true;
}

/// Finds the tokens of the next 64 bytes. False if there are none. Kept out of take, which is to
/// stay small.
[[gnu::noinline]] bool JsonScan::loadBlock() {
  const std::size_t count = std::min(static_cast<std::size_t>(end_ - loaded_), ByteBlock::kSize);
  if (count == 0) {
    return false;
  }
  std::array<char, ByteBlock::kSize> padded;
  const char* begin = loaded_;
  if (count < ByteBlock::kSize) {
    padded.fill(' ');
    std::memcpy(padded.data(), begin, count);
    begin = padded.data();
  }
  const ByteBlock block(begin);
  const std::uint64_t quotes = block.equal('"') & ~escapedBytes(block.equal('\\'), count, escaped_);
  const std::uint64_t strings = parity(quotes) ^ in_string_;
  in_string_ = (strings >> 63) != 0 ? ~std::uint64_t{0} : 0;  // behind the end are no quotes
  tokens_.brackets = block.in(kBrackets) & ~strings;
  tokens_.ends = tokens_.brackets | (block.equal(',') & ~strings);
  tokens_.left = quotes | tokens_.ends | (block.equal(':') & ~strings);
  tokens_.block = loaded_;
  loaded_ += count;
  return true;
}

/// Goes to the next token. False at the end of the bytes.
[[gnu::always_inline]] inline bool JsonScan::take(Tokens& tokens) {
  while (tokens.left == 0) [[unlikely]] {
    if (!loadBlock()) {
      return false;
    }
    tokens = tokens_;
  }
  tokens.at = tokens.block + std::countr_zero(tokens.left);
  tokens.left &= tokens.left - 1;
  return true;
}

/// Goes to the next of the tokens in `which`.
[[gnu::always_inline]] inline bool JsonScan::takeOf(std::uint64_t Tokens::* which, Tokens& tokens) {
  std::uint64_t found = tokens.left & tokens.*which;
  while (found == 0) [[unlikely]] {
    if (!loadBlock()) {
      return false;
    }
    tokens = tokens_;
    found = tokens.*which;
  }
  const auto at = static_cast<unsigned>(std::countr_zero(found));
  tokens.left &= ~std::uint64_t{1} << at;
  tokens.at = tokens.block + at;
  return true;
}

/// Goes to the bracket that closes the skipped container.
[[gnu::always_inline]] inline bool JsonScan::takeSkipped(Tokens& tokens) {
  while (takeOf(&Tokens::brackets, tokens)) {
    depth_ = *tokens.at == '{' || *tokens.at == '[' ? depth_ + 1 : depth_ - 1;
    if (depth_ == 0) {
      return true;
    }
  }
  return false;
}

[[gnu::always_inline]] inline void JsonScan::endKey(const char* at) {
  step_ = childOf(frames_.data()[frame_count_ - 1U].step, joined(since(at)));
  forgetKept();
  state_ = step_ == kNoStep ? State::kUnwanted : State::kColon;
}

/// At what is no quote. False if it stands behind the value and is to be taken again.
bool JsonScan::beginValue(const char* at) {
  if (*at != '{' && *at != '[') {
    return endScalar(at);
  }
  type_ = typeOf(*at);
  begin_ = at;
  size_ = 0;
  forgetKept();
  openContainer(at);
  return true;
}

inline void JsonScan::endValue(const char* at) {
  state_ = frame_count_ == 0 ? State::kDone : State::kAfter;
  if (!wanted()) {
    return;
  }
  const std::string_view here = since(at + 1);
  const std::uint64_t size = size_ + here.size();
  const bool text = node(step_).want == JsonWant::kText && size <= kMaxText;
  tell(step_, type_, text ? joined(here) : std::string_view(), size);
}

/// What stands before this token is a number or literal; or nothing, in an empty array.
bool JsonScan::endScalar(const char* at) {
  std::string_view here = trim(since(at));
  bool empty = here.empty() && !scalar_begun_;
  if (frame_count_ == 0 || (empty && *at != ']')) {
    state_ = State::kFailed;
    return true;
  }
  if (empty) {
    closeContainer(at);
    return true;
  }
  state_ = State::kAfter;
  if (!wanted()) {
    return false;
  }
  const JsonType type = scalar_begun_ ? type_ : typeOf(here.front());
  const std::uint64_t size = size_ + since(at).size();
  if (size > kMaxText) {
    tell(step_, type, {}, size);
    return false;
  }
  const std::string_view text = kept_.empty() ? here : trim(joined(since(at)));
  const bool told = node(step_).want == JsonWant::kText;
  tell(step_, type, told ? text : std::string_view(), text.size());
  return false;
}

void JsonScan::openContainer(const char* at) {
  const bool array = type_ == JsonType::kArray;
  const bool led =
      step_ != kNoStep && (node(step_).child_count != 0 || node(step_).element != kNoStep);
  if (!led || frame_count_ == kMaxDepth) {
    depth_ = 1;
    state_ = State::kSkip;
    return;
  }
  frames_[frame_count_++] = {step_, array};
  if (array) {
    nextElement(at + 1, step_);
  } else {
    state_ = State::kKeyOrEnd;
  }
}

/// At a bracket that must close the innermost container with paths of ours.
void JsonScan::closeContainer(const char* at) {
  if (frame_count_ == 0 || *at != (frames_[frame_count_ - 1U].array ? ']' : '}')) {
    state_ = State::kFailed;
    return;
  }
  Frame frame = frames_[--frame_count_];
  state_ = frame_count_ == 0 ? State::kDone : State::kAfter;
  if (node(frame.step).want != JsonWant::kPass) {
    tell(frame.step, frame.array ? JsonType::kArray : JsonType::kObject, {}, 0);
  }
}

/// An element of an array at `parent` begins at `from`.
void JsonScan::nextElement(const char* from, std::uint8_t parent) {
  begin_ = from;
  step_ = node(parent).element;
  state_ = State::kValue;
  size_ = 0;
  scalar_begun_ = false;
  forgetKept();
}

inline bool JsonScan::wanted() const {
  return step_ != kNoStep && node(step_).want != JsonWant::kPass;
}

/// With its part in earlier pieces in front.
inline std::string_view JsonScan::joined(std::string_view here) {
  return kept_.empty() ? here : kept_.append(here);
}

inline void JsonScan::forgetKept() {
  if (!kept_.empty()) [[unlikely]] {
    kept_.clear();
  }
}

inline std::uint8_t JsonScan::childOf(std::uint8_t step, std::string_view key) const {
  const JsonNode& parent = node(step);
  if ((parent.key_sizes & JsonNode::sizeBit(key.size())) == 0) {
    return kNoStep;
  }
  const char* const readable = kept_.empty() ? end_ : key.data() + key.size();
  const std::uint64_t head = headOf(key, readable);
  const JsonNode* const first = &node(parent.first_child);
  for (const JsonNode* child = first; child != first + parent.child_count; ++child) {
    if (child->key_head == head && child->key.size() == key.size() && sameRest(child->key, key)) {
      return static_cast<std::uint8_t>(child - nodes_.data());
    }
  }
  return kNoStep;
}

/// The bytes end within a value or key: what is wanted of it is kept.
void JsonScan::keepUnfinished() {
  constexpr std::size_t kLongestKey = 256;  // longer than any of ours
  const std::string_view rest = since(end_);
  switch (state_) {
    case State::kKey:
      kept_.append(rest.substr(0, kLongestKey - std::min(kept_.size(), kLongestKey)));
      break;
    case State::kValue:
      if (std::string_view text = trim(rest); !scalar_begun_ && !text.empty()) {
        scalar_begun_ = true;
        type_ = typeOf(text.front());
      }
      size_ += rest.size();
      if (wanted() && size_ <= kMaxText) {
        kept_.append(rest);
      }
      break;
    case State::kString:
    case State::kSkip:
      size_ += rest.size();
      if (wanted() && node(step_).want == JsonWant::kText && size_ <= kMaxText) {
        kept_.append(rest);
      }
      break;
    default:
      break;
  }
}

}  // namespace gatehouse::wire
