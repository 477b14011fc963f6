// ReadLoan: bytes lent until the holder's next suspension. A stream lends the worker's shared read
// buffer, so that an idle stream holds no buffer; other sources lend memory of their own under the
// same rule.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"

namespace gatehouse::io {

/// Counts the times a lender took its bytes back. A loan made under an older count is stale.
class LoanEpoch {
 public:
  std::uint64_t current() const { return current_; }
  void advance() { ++current_; }

 private:
  std::uint64_t current_ = 0;
};

/// Move-only. An empty loan means the end of the stream. Builds with checks crash when stale bytes
/// are touched.
class [[nodiscard]] ReadLoan {
 public:
  ReadLoan() = default;
  /// `epoch` outlives the loan; null for memory that stays valid by the lender's own contract.
  explicit ReadLoan(std::string_view bytes, const LoanEpoch* epoch = nullptr)
      : bytes_(bytes), epoch_(epoch), made_(epoch == nullptr ? 0 : epoch->current()) {}
  ReadLoan(ReadLoan&& other) noexcept
      : bytes_(std::exchange(other.bytes_, {})), epoch_(other.epoch_), made_(other.made_) {}
  ReadLoan& operator=(ReadLoan&& other) noexcept {
    bytes_ = std::exchange(other.bytes_, {});
    epoch_ = other.epoch_;
    made_ = other.made_;
    return *this;
  }
  ReadLoan(const ReadLoan&) = delete;
  ReadLoan& operator=(const ReadLoan&) = delete;
  ~ReadLoan() = default;

  /// Valid until the holder suspends or reads again.
  std::string_view bytes() const [[clang::lifetimebound]] {
    GATEHOUSE_DEBUG_CHECK(epoch_ == nullptr || bytes_.empty() || epoch_->current() == made_);
    return bytes_;
  }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  /// A lasting copy, for whoever must keep the bytes.
  Chunk copy() const { return Chunk::copy(bytes()); }
  /// The loan without its first `count` bytes; `count` is at most size().
  ReadLoan after(std::size_t count) && {
    bytes_.remove_prefix(count);
    return std::move(*this);
  }
  /// The loan's first `count` bytes; `count` is at most size().
  ReadLoan first(std::size_t count) && {
    bytes_ = bytes_.substr(0, count);
    return std::move(*this);
  }

 private:
  std::string_view bytes_;
  const LoanEpoch* epoch_ = nullptr;
  std::uint64_t made_ = 0;
};

}  // namespace gatehouse::io
