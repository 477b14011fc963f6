#include "wire/sse.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/result.h"
#include "base/text.h"
#include "wire/byte_block.h"

namespace gatehouse::wire {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// The first LF or CR at or behind `from`; the size if there is none.
std::size_t findLineEnd(std::string_view bytes, std::size_t from) {
  for (; bytes.size() - from >= ByteBlock::kSize; from += ByteBlock::kSize) {
    ByteBlock block(bytes.data() + from);
    std::uint64_t ends = block.equal('\n') | block.equal('\r');
    if (ends != 0) {
      return from + static_cast<std::size_t>(std::countr_zero(ends));
    }
  }
  while (from < bytes.size() && bytes[from] != '\n' && bytes[from] != '\r') {
    ++from;
  }
  return from;
}

/// Takes a line off the front, its end included.
std::string_view takeLine(std::string_view& rest) {
  std::string_view line = rest.substr(0, findLineEnd(rest, 0));
  rest.remove_prefix(line.size());
  std::size_t end = rest.starts_with("\r\n") ? 2 : 1;
  rest.remove_prefix(std::min(rest.size(), end));
  return line;
}

}  // namespace

void SseScanner::feed(std::string_view bytes) {
  GATEHOUSE_INVARIANT(fresh_.empty());  // next() was not called until it yielded nothing
  fresh_ = bytes;
}

Result<std::optional<SseEvent>> SseScanner::next() {
  if (std::exchange(held_yielded_, false)) {
    held_ = {};  // gives the memory back: streams are idle most of the time
  }
  joined_ = {};
  std::size_t end = failed_ ? std::string_view::npos : findEventEnd(fresh_);
  std::string_view taken = fresh_.substr(0, end);
  if (failed_ || held_.size() + taken.size() > max_event_) {
    return refuse();
  }
  fresh_.remove_prefix(taken.size());
  if (held_.empty() && end != std::string_view::npos) {
    return parse(taken);
  }
  held_ += taken;
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  held_yielded_ = true;
  return parse(held_);
}

Result<std::optional<SseEvent>> SseScanner::refuse() {
  failed_ = true;
  held_ += std::exchange(fresh_, {});
  return fail(
      ErrorKind::kUpstreamInvalid,
      Origin::kUpstream,
      "an event of the stream is larger than " + std::to_string(max_event_) + " bytes"
  );
}

/// One past the blank line that ends the event; npos if it has not come.
std::size_t SseScanner::findEventEnd(std::string_view bytes) {
  std::size_t at = 0;
  if (after_cr_ && !bytes.empty()) {
    after_cr_ = false;
    at = bytes.front() == '\n' ? 1 : 0;
  }
  at = passByteOrderMark(bytes, at);
  while (at < bytes.size()) {
    std::size_t end = findLineEnd(bytes, at);
    if (end == bytes.size()) {
      line_empty_ = false;
      break;
    }
    bool blank = line_empty_ && end == at;
    at = passLineEnd(bytes, end);
    line_empty_ = true;
    if (blank) {
      return at;
    }
  }
  return std::string_view::npos;
}

std::size_t SseScanner::passLineEnd(std::string_view bytes, std::size_t at) {
  if (bytes[at] == '\n') {
    return at + 1;
  }
  after_cr_ = at + 1 == bytes.size();
  return at + (bytes.substr(at + 1).starts_with('\n') ? 2 : 1);
}

/// A byte order mark may stand at the very start, in up to three pieces.
std::size_t SseScanner::passByteOrderMark(std::string_view bytes, std::size_t at) {
  while (mark_possible_ && at < bytes.size()) {
    mark_possible_ = bytes[at] == kByteOrderMark[mark_matched_];
    if (!mark_possible_) {
      line_empty_ = mark_matched_ == 0;
      break;
    }
    ++at;
    ++mark_matched_;
    mark_possible_ = mark_matched_ < kByteOrderMark.size();
  }
  return at;
}

SseEvent SseScanner::parse(std::string_view raw) {
  SseEvent event;
  event.raw = raw;
  event.offset = offset_;
  event.type = "message";
  std::string_view rest = raw;
  if (offset_ == 0 && rest.starts_with(kByteOrderMark)) {
    rest.remove_prefix(kByteOrderMark.size());
  }
  while (!rest.empty()) {
    parseLine(takeLine(rest), event);
  }
  offset_ += raw.size();
  return event;
}

void SseScanner::parseLine(std::string_view line, SseEvent& event) {
  std::size_t colon = std::min(line.find(':'), line.size());
  std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) {
    value.remove_prefix(1);
  }
  if (name == "data") {
    addData(value, event);
  } else if (name == "event") {
    event.type = value.empty() ? "message" : value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event.id = value;
  } else if (name == "retry") {
    event.retry = parseUnsigned(value);
  }
}

void SseScanner::addData(std::string_view line, SseEvent& event) {
  if (!std::exchange(event.dispatched, true)) {
    event.data = line;
    return;
  }
  if (event.data.data() != joined_.data()) {
    joined_ = event.data;
  }
  joined_ += '\n';
  joined_ += line;
  event.data = joined_;
}

}  // namespace gatehouse::wire
