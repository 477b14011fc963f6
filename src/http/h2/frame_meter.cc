#include "http/h2/frame_meter.h"

#include <algorithm>

namespace gatehouse::http {

void FrameMeter::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ != 0) {
      std::size_t count = std::min(left_, bytes.size());
      left_ -= count;
      bytes.remove_prefix(count);
      continue;
    }
    std::size_t count = std::min(kHead - head_size_, bytes.size());
    std::copy_n(bytes.begin(), count, head_.begin() + static_cast<std::ptrdiff_t>(head_size_));
    head_size_ += count;
    bytes.remove_prefix(count);
    if (head_size_ == kHead) {
      readHead();
    }
  }
}

void FrameMeter::readHead() {
  constexpr std::uint8_t kHeaders = 1;
  constexpr std::uint8_t kContinuation = 9;
  constexpr std::uint8_t kEndHeaders = 0x4;
  left_ =
      static_cast<std::size_t>(head_[0]) << 16 | static_cast<std::size_t>(head_[1]) << 8 | head_[2];
  kind_ = head_[3];
  if (kind_ == kHeaders || kind_ == kContinuation) {
    section_open_ = (head_[4] & kEndHeaders) == 0;
  }
  head_size_ = 0;
  ++frames_;
}

}  // namespace gatehouse::http
