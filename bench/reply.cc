#include "reply.h"

#include <charconv>

#include "wire.h"

namespace gatehouse::bench {

void EventCount::take(std::string_view bytes) {
  for (char byte : bytes) {
    if (byte == '\r') {  // of CRLF; nobody ends lines with CR alone
      continue;
    }
    if (byte != '\n') {
      in_block_ = in_block_ || (!in_line_ && byte != ':');
      in_line_ = true;
      continue;
    }
    if (!in_line_ && in_block_) {
      ++events_;
      in_block_ = false;
    }
    in_line_ = false;
  }
}

void Reply::take(std::string_view bytes) {
  while (!bytes.empty() && place_ != Place::kBad) {
    switch (place_) {
      case Place::kHead:
        bytes.remove_prefix(takeHead(bytes));
        break;
      case Place::kLength:
      case Place::kChunk:
        bytes.remove_prefix(takeData(bytes));
        break;
      case Place::kChunkSize:
      case Place::kChunkEnd:
      case Place::kTrailer:
        bytes.remove_prefix(takeLine(bytes));
        break;
      case Place::kDone:
      case Place::kBad:
        place_ = Place::kBad;
        break;
    }
  }
}

std::size_t Reply::takeHead(std::string_view bytes) {
  std::size_t before = head_.size();
  head_ += bytes;
  std::size_t end = head_.find("\r\n\r\n");
  if (end == std::string::npos) {
    return bytes.size();
  }
  head_.resize(end + 4);
  if (!head_.starts_with("HTTP/1.1 200")) {
    place_ = Place::kBad;
  } else if (auto length = contentLength(head_)) {
    left_ = *length;
    place_ = left_ > 0 ? Place::kLength : Place::kDone;
  } else {
    place_ = fieldOf(head_, "transfer-encoding") == "chunked" ? Place::kChunkSize : Place::kBad;
  }
  return end + 4 - before;
}

std::size_t Reply::takeData(std::string_view bytes) {
  bytes = bytes.substr(0, left_);
  left_ -= bytes.size();
  if (place_ == Place::kChunk) {
    count_.take(bytes);
  }
  if (left_ == 0) {
    place_ = place_ == Place::kChunk ? Place::kChunkEnd : Place::kDone;
  }
  return bytes.size();
}

std::size_t Reply::takeLine(std::string_view bytes) {
  std::size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    line_ += bytes;
    return bytes.size();
  }
  line_ += bytes.substr(0, end);
  if (line_.ends_with('\r')) {
    line_.pop_back();
  }
  endLine();
  line_.clear();
  return end + 1;
}

void Reply::endLine() {
  if (place_ == Place::kTrailer) {
    place_ = line_.empty() ? Place::kDone : Place::kTrailer;
    return;
  }
  if (place_ == Place::kChunkEnd) {
    place_ = line_.empty() ? Place::kChunkSize : Place::kBad;
    return;
  }
  auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
  if (error != std::errc() || end == line_.data()) {
    place_ = Place::kBad;
  } else {
    place_ = left_ > 0 ? Place::kChunk : Place::kTrailer;
  }
}

}  // namespace gatehouse::bench
