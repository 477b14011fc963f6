#include "http/h1_body.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/text.h"
#include "http/token.h"

namespace gatehouse::http {
namespace {

// Where the message ends is settled by then; who says it again means to mislead somebody.
constexpr FieldSet kFraming = {"content-length", "transfer-encoding"};

// Fields that would change how the message is taken or who may send it, if they counted when they
// come after it (RFC 9110 section 6.5.1).
constexpr FieldSet kForbiddenTrailers = {
    "authorization",
    "connection",
    "content-encoding",
    "content-type",
    "cookie",
    "host",
    "proxy-authorization",
    "set-cookie",
    "trailer",
    "te",
};

Checked<void> chunkViolation() {
  return std::unexpected(Violation::kChunk);
}

// 15 digits: far above any body, far below overflow.
constexpr std::uint8_t kSizeDigits = 15;

int hexValue(char c) {
  if (isDigit(c)) {
    return c - '0';
  }
  char folded = foldChar(c);
  return folded >= 'a' && folded <= 'f' ? folded - 'a' + 10 : -1;
}

}  // namespace

BodyDecoder::BodyDecoder(BodyFraming framing, const HeadLimits& limits)
    : remaining_(framing.length),
      trailer_section_(static_cast<std::uint32_t>(limits.field_section)),
      trailer_count_(static_cast<std::uint32_t>(limits.field_count)) {
  switch (framing.kind) {
    case BodyFraming::Kind::kNone:
      state_ = State::kDone;
      break;
    case BodyFraming::Kind::kLength:
      state_ = framing.length == 0 ? State::kDone : State::kLength;
      break;
    case BodyFraming::Kind::kChunked:
      state_ = State::kSize;
      break;
    case BodyFraming::Kind::kUntilClose:
      state_ = State::kUntilClose;
      break;
  }
}

std::optional<std::uint64_t> BodyDecoder::remaining() const {
  if (state_ == State::kLength || state_ == State::kDone) {
    return remaining_;
  }
  return std::nullopt;
}

void BodyDecoder::skip(std::size_t count) {
  GATEHOUSE_INVARIANT(state_ == State::kLength && count <= remaining_);
  remaining_ -= count;
  if (remaining_ == 0) {
    state_ = State::kDone;
  }
}

Checked<BodyDecoder::Step> BodyDecoder::next(std::string_view bytes) {
  if (state_ == State::kUntilClose) {
    return Step{bytes, bytes.size()};
  }
  if (state_ == State::kLength) {
    auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size()));
    skip(size);
    return Step{bytes.substr(0, size), size};
  }
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kContent) {
      auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, bytes.size() - at));
      remaining_ -= size;
      if (remaining_ == 0) {
        state_ = State::kContentCr;
      }
      return Step{bytes.substr(at, size), at + size};
    }
    if (state_ == State::kTrailers) {
      auto taken = trailerOctets(bytes.substr(at));
      if (!taken) {
        return std::unexpected(taken.error());
      }
      at += *taken;
      continue;
    }
    if (auto checked = framingOctet(bytes[at++]); !checked) {
      return std::unexpected(checked.error());
    }
  }
  return Step{{}, at};
}

Checked<BodyDecoder::Step> BodyDecoder::compact(std::span<char> bytes) {
  std::string_view all(bytes.data(), bytes.size());
  std::size_t at = 0;
  std::size_t begin = 0;  // of the run
  std::size_t size = 0;
  while (at < all.size() && !done()) {
    auto step = next(all.substr(at));
    if (!step) {
      return step;
    }
    at += step->taken;
    if (step->content.empty()) {
      continue;
    }
    auto from = static_cast<std::size_t>(step->content.data() - all.data());
    if (size == 0) {
      begin = from;
    } else {
      std::memmove(bytes.data() + begin + size, bytes.data() + from, step->content.size());
    }
    size += step->content.size();
  }
  return Step{all.substr(begin, size), at};
}

Checked<void> BodyDecoder::framingOctet(char c) {
  switch (state_) {
    case State::kSize:
    case State::kSizeSpace:
    case State::kExtensionStart:
    case State::kExtensionName:
    case State::kValueStart:
    case State::kValue:
    case State::kQuoted:
    case State::kQuotedPair:
    case State::kQuotedEnd:
      return ++line_size_ > kChunkLine ? chunkViolation() : sizeOctet(c);
    case State::kSizeEnd:
      return sizeLineEnd(c);
    case State::kContentCr:
      state_ = State::kContentLf;
      return c == '\r' ? Checked<void>() : chunkViolation();
    case State::kContentLf:
      state_ = State::kSize;
      return c == '\n' ? Checked<void>() : chunkViolation();
    default:
      return chunkViolation();
  }
}

Checked<void> BodyDecoder::sizeOctet(char c) {
  bool may_end = (state_ == State::kSize && digits_ != 0) || state_ == State::kExtensionName ||
                 state_ == State::kValue || state_ == State::kQuotedEnd;
  if (c == '\r' && may_end) {
    state_ = State::kSizeEnd;
    return {};
  }
  if (state_ != State::kSize && state_ != State::kSizeSpace) {
    return extensionOctet(c);
  }
  int digit = state_ == State::kSize ? hexValue(c) : -1;
  if (digit >= 0) {
    remaining_ = remaining_ * 16 + static_cast<unsigned>(digit);
    return ++digits_ > kSizeDigits ? chunkViolation() : Checked<void>();
  }
  if (digits_ == 0) {
    return chunkViolation();
  }
  state_ = c == ';' ? State::kExtensionStart : State::kSizeSpace;
  return c == ';' || c == ' ' ? Checked<void>() : chunkViolation();
}

// RFC 9112 section 7.1.1. Extensions mean nothing to us, but who reads them otherwise than we do
// may find the chunk's end elsewhere.
Checked<void> BodyDecoder::extensionOctet(char c) {
  bool token = isToken({&c, 1});
  bool visible = (c >= ' ' && c < 0x7f) || c == '\t';
  auto go = [this](State next, bool allowed) {
    state_ = next;
    return allowed ? Checked<void>() : chunkViolation();
  };
  switch (state_) {
    case State::kExtensionStart:
      return go(State::kExtensionName, token);
    case State::kExtensionName:
      return c == '=' ? go(State::kValueStart, true) : go(nextInToken(c), token || c == ';');
    case State::kValueStart:
      return c == '"' ? go(State::kQuoted, true) : go(State::kValue, token);
    case State::kValue:
      return go(nextInToken(c), token || c == ';');
    case State::kQuoted:
      if (c == '"') {
        return go(State::kQuotedEnd, true);
      }
      return go(c == '\\' ? State::kQuotedPair : State::kQuoted, visible);
    case State::kQuotedPair:
      return go(State::kQuoted, visible);
    default:
      return go(State::kExtensionStart, c == ';');
  }
}

Checked<void> BodyDecoder::sizeLineEnd(char c) {
  if (c != '\n') {
    return chunkViolation();
  }
  // Two line ends come with every chunk, its size line is the rest.
  std::uint64_t framing = excess_ + line_size_ + 3U;
  std::uint64_t excused = 4 * std::min<std::uint64_t>(remaining_, framing);
  excess_ = static_cast<std::uint32_t>(framing > excused ? framing - excused : 0);
  line_size_ = 0;
  digits_ = 0;
  state_ = remaining_ == 0 ? State::kTrailers : State::kContent;
  return excess_ > kChunkExcess ? chunkViolation() : Checked<void>();
}

// Whole lines; what is left of a line waits for the rest of it.
Checked<std::size_t> BodyDecoder::trailerOctets(std::string_view bytes) {
  // Nearly always there are no trailers: the final CRLF in one piece needs no memory.
  if (trailers_ == nullptr && bytes.starts_with("\r\n")) {
    state_ = State::kDone;
    return 2;
  }
  if (trailers_ == nullptr) {
    trailers_ = std::make_unique<Trailers>();
  }
  std::size_t newline = bytes.find('\n');
  std::size_t taken = newline == std::string_view::npos ? bytes.size() : newline + 1;
  trailers_->octets += taken;
  trailers_->line.append(bytes.substr(0, taken));
  if (trailers_->octets > trailer_section_ + 2) {
    return std::unexpected(Violation::kTooLarge);
  }
  if (newline != std::string_view::npos) {
    std::string line = std::exchange(trailers_->line, {});
    if (auto checked = trailerLine(line); !checked) {
      return std::unexpected(checked.error());
    }
  }
  return taken;
}

Checked<void> BodyDecoder::trailerLine(std::string_view line) {
  if (!line.ends_with("\r\n")) {
    return std::unexpected(Violation::kLineEnding);
  }
  line.remove_suffix(2);
  if (line.empty()) {
    state_ = State::kDone;
    return {};
  }
  auto field = splitFieldLine(line);
  if (!field) {
    return std::unexpected(field.error());
  }
  if (trailers_->fields.size() >= trailer_count_) {
    return std::unexpected(Violation::kTooLarge);
  }
  FieldName name(field->name);
  if (kFraming.has(name.id())) {
    return std::unexpected(Violation::kFraming);
  }
  if (!kForbiddenTrailers.has(name.id())) {
    trailers_->fields.add(name, field->value);
  }
  return {};
}

}  // namespace gatehouse::http
