#include "wire/json_scan.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <immintrin.h>

#include "base/text.h"
#include "wire/byte_block.h"

namespace gatehouse::wire {
namespace {

constexpr std::string_view kElements = "[]";  // in the place of a key

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

/// Of keys, which are short: without a call.
bool sameKey(std::string_view a, std::string_view b) {
  std::size_t size = a.size();
  if (size != b.size()) {
    return false;
  }
  auto sameAt = [&]<typename Word>(std::size_t at, Word) {
    Word left;
    Word right;
    std::memcpy(&left, a.data() + at, sizeof left);
    std::memcpy(&right, b.data() + at, sizeof right);
    return left == right;
  };
  if (size < 4) {
    return size == 0 ||
           (a.front() == b.front() && a[size / 2] == b[size / 2] && a.back() == b.back());
  }
  if (size < 8) {
    return sameAt(0, std::uint32_t()) && sameAt(size - 4, std::uint32_t());
  }
  std::size_t at = 0;
  for (; at + 8 < size; at += 8) {
    if (!sameAt(at, std::uint64_t())) {
      return false;
    }
  }
  return sameAt(size - 8, std::uint64_t());
}

}  // namespace

void JsonScan::feed(std::string_view bytes) {
  bytes_ = bytes;
  begin_ = 0;
  loaded_ = 0;
  tokens_ = 0;
}

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

std::optional<JsonHit> JsonScan::next() {
  hit_.reset();
  while (advance()) {
    if (hit_) {
      return hit_;
    }
  }
  keepUnfinished();
  return std::nullopt;
}

/// Goes on where the last bytes ended, at most to behind a member or element. False if that needs
/// more bytes.
[[gnu::always_inline]] inline bool JsonScan::advance() {
  switch (state_) {
    case State::kKeyOrEnd:
    case State::kKey:
    case State::kColon:
      return advanceKey();
    case State::kValue:
      if (!takeToken()) {
        return false;
      }
      beginValue();
      return true;
    case State::kString:
    case State::kSkip:
      if (state_ == State::kString ? !takeToken() : !takeSkipped()) {
        return false;
      }
      endValue();
      return true;
    case State::kUnwanted:
      if (!takeOf(ends_)) {
        return false;
      }
      passUnwanted();
      return true;
    case State::kAfter:
      if (!takeToken()) {
        return false;
      }
      if (token() == ',') {
        begin_ = at_ + 1;
        nextInContainer();
      } else {
        closeContainer();
      }
      return true;
    case State::kDone:
    case State::kFailed:
      return false;
  }
  return false;
}

/// To behind the key's colon, or to behind the key where its value is not wanted.
[[gnu::always_inline]] inline bool JsonScan::advanceKey() {
  if (state_ == State::kKeyOrEnd) {
    if (!takeToken()) {
      return false;
    }
    if (token() != '"') {
      closeContainer();
      return true;
    }
    begin_ = at_ + 1;
    kept_.clear();
    state_ = State::kKey;
  }
  if (state_ == State::kKey) {
    if (!takeToken()) {
      return false;
    }
    endKey();
    if (state_ == State::kUnwanted) {
      return true;
    }
  }
  if (!takeToken()) {
    return false;
  }
  begin_ = at_ + 1;
  state_ = token() == ':' ? State::kValue : State::kFailed;
  return true;
}

/// Finds the tokens of the next 64 bytes. False if there are none. Kept out of takeToken, which is
/// to stay small.
[[gnu::noinline]] bool JsonScan::loadBlock() {
  std::size_t count = std::min(bytes_.size() - loaded_, ByteBlock::kSize);
  if (count == 0) {
    return false;
  }
  std::array<char, ByteBlock::kSize> padded;
  const char* begin = bytes_.data() + loaded_;
  if (count < ByteBlock::kSize) {
    padded.fill(' ');
    std::memcpy(padded.data(), begin, count);
    begin = padded.data();
  }
  ByteBlock block(begin);
  std::uint64_t quotes = block.equal('"') & ~escapedBytes(block.equal('\\'), count, escaped_);
  std::uint64_t strings = parity(quotes) ^ (in_string_ ? ~std::uint64_t{0} : 0);
  in_string_ = (strings >> (count - 1) & 1) != 0;
  brackets_ = block.in(kBrackets) & ~strings;
  ends_ = brackets_ | (block.equal(',') & ~strings);
  tokens_ = quotes | ends_ | (block.equal(':') & ~strings);
  block_ = loaded_;
  loaded_ += count;
  return true;
}

/// Goes to the next token. False at the end of the bytes.
inline bool JsonScan::takeToken() {
  while (tokens_ == 0) [[unlikely]] {
    if (!loadBlock()) {
      return false;
    }
  }
  at_ = block_ + static_cast<unsigned>(std::countr_zero(tokens_));
  tokens_ &= tokens_ - 1;
  return true;
}

/// Goes to the next of the tokens in `which`, one of the members of the block.
bool JsonScan::takeOf(const std::uint64_t& which) {
  std::uint64_t left = tokens_ & which;
  while (left == 0) {
    if (!loadBlock()) {
      return false;
    }
    left = which;
  }
  auto at = static_cast<unsigned>(std::countr_zero(left));
  tokens_ &= ~std::uint64_t{1} << at;
  at_ = block_ + at;
  return true;
}

/// Goes to the bracket that closes the skipped container.
bool JsonScan::takeSkipped() {
  while (takeOf(brackets_)) {
    depth_ = token() == '{' || token() == '[' ? depth_ + 1 : depth_ - 1;
    if (depth_ == 0) {
      return true;
    }
  }
  return false;
}

/// At the first comma or bracket behind the key.
void JsonScan::passUnwanted() {
  switch (token()) {
    case ',':
      nextInContainer();
      return;
    case '{':
    case '[':
      depth_ = 1;
      state_ = State::kSkip;
      return;
    default:
      closeContainer();
  }
}

void JsonScan::endKey() {
  std::string_view key = joined(bytes_.substr(begin_, at_ - begin_));
  step_ = key == kElements ? kNoStep : childOf(frames_[frame_count_ - 1U].step, key);
  kept_.clear();
  scalar_begun_ = false;
  state_ = step_ == kNoStep ? State::kUnwanted : State::kColon;
}

void JsonScan::beginValue() {
  char c = token();
  if (c != '"' && c != '{' && c != '[') {
    endScalar();
    return;
  }
  type_ = typeOf(c);
  begin_ = at_;
  size_ = 0;
  kept_.clear();
  if (c == '"') {
    state_ = State::kString;
  } else {
    openContainer();
  }
}

void JsonScan::endValue() {
  state_ = frame_count_ == 0 ? State::kDone : State::kAfter;
  if (!wanted()) {
    return;
  }
  std::string_view here = bytes_.substr(begin_, at_ + 1 - begin_);
  hit_ = JsonHit{.step = step_, .type = type_, .text = {}, .size = size_ + here.size()};
  if (nodes_[step_].want == JsonWant::kText && hit_->size <= kMaxText) {
    hit_->text = joined(here);
  }
}

/// What stands before this token is a number or literal; or nothing, in an empty array.
void JsonScan::endScalar() {
  std::string_view here = trim(bytes_.substr(begin_, at_ - begin_));
  bool empty = here.empty() && !scalar_begun_;
  if (frame_count_ == 0 || (empty && token() != ']')) {
    state_ = State::kFailed;
    return;
  }
  if (empty) {
    closeContainer();
    return;
  }
  state_ = State::kAfter;
  if (wanted()) {
    std::string_view text = trim(joined(bytes_.substr(begin_, at_ - begin_)));
    hit_ = JsonHit{.step = step_, .type = typeOf(text.front()), .text = {}, .size = text.size()};
    if (nodes_[step_].want == JsonWant::kText) {
      hit_->text = text;
    }
  }
  tokens_ |= std::uint64_t{1} << (at_ - block_);  // it stands behind the value: it is taken again
}

void JsonScan::openContainer() {
  if (step_ == kNoStep || nodes_[step_].child_count == 0 || frame_count_ == kMaxDepth) {
    depth_ = 1;
    state_ = State::kSkip;
    return;
  }
  frames_[frame_count_++] = {step_, type_ == JsonType::kArray};
  begin_ = at_ + 1;
  nextInContainer();
}

/// At a bracket that must close the innermost container with paths of ours.
void JsonScan::closeContainer() {
  if (frame_count_ == 0 || token() != (frames_[frame_count_ - 1U].array ? ']' : '}')) {
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

void JsonScan::nextInContainer() {
  Frame frame = frames_[frame_count_ - 1U];
  state_ = frame.array ? State::kValue : State::kKeyOrEnd;
  if (frame.array) {
    step_ = childOf(frame.step, kElements);
    kept_.clear();
    scalar_begun_ = false;
  }
}

bool JsonScan::wanted() const {
  return step_ != kNoStep && nodes_[step_].want != JsonWant::kPass;
}

/// With its part in earlier pieces in front.
std::string_view JsonScan::joined(std::string_view here) {
  return kept_.empty() ? here : kept_.append(here);
}

inline std::uint8_t JsonScan::childOf(std::uint8_t step, std::string_view key) const {
  const JsonNode& parent = nodes_[step];
  if ((parent.key_sizes & JsonNode::sizeBit(key.size())) == 0) {
    return kNoStep;
  }
  auto children = nodes_.subspan(parent.first_child, parent.child_count);
  for (const JsonNode& child : children) {
    if (sameKey(child.key, key)) {
      return static_cast<std::uint8_t>(&child - nodes_.data());
    }
  }
  return kNoStep;
}

/// The bytes end within a value or key: what is wanted of it is kept.
void JsonScan::keepUnfinished() {
  constexpr std::size_t kLongestKey = 256;  // longer than any of ours
  std::string_view rest = bytes_.substr(std::min(begin_, bytes_.size()));
  switch (state_) {
    case State::kKey:
      kept_.append(rest.substr(0, kLongestKey - std::min(kept_.size(), kLongestKey)));
      break;
    case State::kValue:
      scalar_begun_ = scalar_begun_ || !trim(rest).empty();
      if (wanted() && kept_.size() + rest.size() <= kMaxText) {
        kept_.append(rest);
      }
      break;
    case State::kString:
    case State::kSkip:
      size_ += rest.size();
      if (wanted() && nodes_[step_].want == JsonWant::kText && size_ <= kMaxText) {
        kept_.append(rest);
      }
      break;
    default:
      break;
  }
  feed({});
}

}  // namespace gatehouse::wire
