// PaddedView: bytes with 64 more readable behind them, as wide loads need. The type is the proof;
// what the padding holds does not matter.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/check.h"

namespace gatehouse {

class PaddedView {
 public:
  static constexpr std::size_t kPadding = 64;

  /// `capacity` counts the readable bytes from `begin`: at least `size` + 64. The bytes must
  /// outlive the view.
  PaddedView(const char* begin, std::size_t size, std::size_t capacity) : text_(begin, size) {
    GATEHOUSE_INVARIANT(capacity >= size && capacity - size >= kPadding);
  }

  std::string_view text() const { return text_; }
  std::size_t size() const { return text_.size(); }
  /// A part is padded by what follows it.
  PaddedView slice(std::size_t from, std::size_t length) const {
    GATEHOUSE_INVARIANT(from <= size() && length <= size() - from);
    return {text_.data() + from, length, size() - from + kPadding};
  }

 private:
  std::string_view text_;
};

/// A padded copy, for texts that did not arrive in a padded buffer.
class PaddedCopy {
 public:
  explicit PaddedCopy(std::string_view text)
      : bytes_(std::make_unique<char[]>(text.size() + PaddedView::kPadding)), size_(text.size()) {
    if (!text.empty()) {  // a null source is undefined even for no bytes
      std::memcpy(bytes_.get(), text.data(), text.size());
    }
  }

  PaddedView view() const [[clang::lifetimebound]] {
    return {bytes_.get(), size_, size_ + PaddedView::kPadding};
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace gatehouse
