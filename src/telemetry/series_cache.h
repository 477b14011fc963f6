// The handles a worker has looked up before, found again by a short key of bytes, so that counting
// a request costs a few additions. Owner's thread.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "telemetry/name.h"

namespace gatehouse::telemetry {

/// A key in the making. Names enter by identity; whoever keeps an entry under such a key keeps the
/// names as well, else another name could come to live at the same place.
class SeriesKey {
 public:
  void clear() {
    size_ = 0;
    names_size_ = 0;
  }
  SeriesKey& add(const Name& name) {
    GATEHOUSE_DEBUG_CHECK(names_size_ < names_.size());
    names_[names_size_++] = &name;
    return addNumber(reinterpret_cast<std::uintptr_t>(name.identity()));
  }
  template <typename Number>
    requires std::is_integral_v<Number> || std::is_enum_v<Number>
  SeriesKey& addNumber(Number number) {
    return addBytes(&number, sizeof(Number));
  }
  /// At most 256 bytes of it count.
  SeriesKey& addText(std::string_view text) {
    text = text.substr(0, kLongestText);
    addNumber(static_cast<std::uint16_t>(text.size()));
    return addBytes(text.data(), text.size());
  }

  std::string_view bytes() const [[clang::lifetimebound]] { return {bytes_.data(), size_}; }
  std::vector<Name> copyNames() const {
    std::vector<Name> copies;
    copies.reserve(names_size_);
    for (std::size_t i = 0; i < names_size_; ++i) {
      copies.push_back(*names_[i]);
    }
    return copies;
  }

 private:
  static constexpr std::size_t kLongestText = 256;

  SeriesKey& addBytes(const void* from, std::size_t size) {
    GATEHOUSE_DEBUG_CHECK(size_ + size <= bytes_.size());
    if (size > 0) {  // an empty view may point nowhere
      std::memcpy(bytes_.data() + size_, from, size);
      size_ += size;
    }
    return *this;
  }

  std::array<char, 4 * kLongestText> bytes_;
  std::array<const Name*, 8> names_;
  std::size_t size_ = 0;
  std::size_t names_size_ = 0;
};

/// Two keys of one hash take turns: an entry can always be made again, so that costs time and
/// nothing else. For the same reason everything is forgotten when the cache is full; names of old
/// snapshots shall not be kept for ever.
template <typename Entry>
class SeriesCache {
 public:
  /// The entry of `key`, made by `make()` if there is none. Valid until the next call.
  template <typename Make>
  Entry& find(const SeriesKey& key, Make make) {
    // Many requests in a row are of one kind.
    if (last_ != nullptr && last_->key == key.bytes()) [[likely]] {
      return last_->entry;
    }
    const std::uint64_t hash = hashOf(key.bytes());
    auto known = entries_.find(hash);
    if (known == entries_.end() || known->second.key != key.bytes()) {
      if (entries_.size() >= kLimit) {
        entries_.clear();
        last_ = nullptr;
      }
      Kept kept{std::string(key.bytes()), make(), key.copyNames()};
      known = entries_.insert_or_assign(hash, std::move(kept)).first;
    }
    last_ = &known->second;
    return last_->entry;
  }

 private:
  static constexpr std::size_t kLimit = 4096;
  struct Kept {
    std::string key;
    Entry entry;
    std::vector<Name> names;
  };

  // Eight bytes at a time (FNV's multiplier): keys are short, and spreading them is all that is
  // asked.
  static std::uint64_t hashOf(std::string_view bytes) {
    std::uint64_t hash = bytes.size();
    while (!bytes.empty()) {
      std::uint64_t word = 0;
      const std::size_t taken = std::min(bytes.size(), sizeof(word));
      if (taken == sizeof(word)) {
        std::memcpy(&word, bytes.data(), sizeof(word));
      } else {
        std::memcpy(&word, bytes.data(), taken);
      }
      hash = std::rotl((hash ^ word) * 0x100000001B3, 29);
      bytes.remove_prefix(taken);
    }
    return hash ^ hash >> 32;
  }

  std::unordered_map<std::uint64_t, Kept> entries_;
  Kept* last_ = nullptr;  // the entry found last
};

}  // namespace gatehouse::telemetry
