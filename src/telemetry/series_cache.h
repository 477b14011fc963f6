// The handles a worker has looked up before, found again by a short key of bytes, so that counting
// a request costs a few additions. Owner's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "telemetry/name.h"

namespace gatehouse::telemetry {

/// A key in the making. Names enter by identity; whoever keeps an entry under such a key keeps the
/// names as well, else another name could come to live at the same place.
class SeriesKey {
 public:
  void clear() {
    bytes_.clear();
    names_.clear();
  }
  SeriesKey& add(const Name& name) {
    names_.push_back(&name);
    return addNumber(reinterpret_cast<std::uintptr_t>(name.identity()));
  }
  template <typename Number>
    requires std::is_integral_v<Number> || std::is_enum_v<Number>
  SeriesKey& addNumber(Number number) {
    std::array<char, sizeof(Number)> bytes;
    std::memcpy(bytes.data(), &number, sizeof(Number));
    bytes_.append(bytes.data(), bytes.size());
    return *this;
  }
  SeriesKey& addText(std::string_view text) {
    addNumber(text.size());
    bytes_ += text;
    return *this;
  }

  std::string_view bytes() const { return bytes_; }
  std::vector<Name> copyNames() const {
    std::vector<Name> copies;
    copies.reserve(names_.size());
    for (const Name* name : names_) {
      copies.push_back(*name);
    }
    return copies;
  }

 private:
  std::string bytes_;
  std::vector<const Name*> names_;
};

/// Forgets everything when it is full: entries can be made again, and names of old snapshots shall
/// not be kept for ever.
template <typename Entry>
class SeriesCache {
 public:
  /// The entry of `key`, made by `make()` if there is none. Valid until the next call.
  template <typename Make>
  Entry& find(const SeriesKey& key, Make make) {
    auto known = entries_.find(key.bytes());
    if (known == entries_.end()) {
      if (entries_.size() >= kLimit) {
        entries_.clear();
      }
      known = entries_.emplace(std::string(key.bytes()), Kept{make(), key.copyNames()}).first;
    }
    return known->second.entry;
  }

 private:
  static constexpr std::size_t kLimit = 4096;
  struct Kept {
    Entry entry;
    std::vector<Name> names;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, Kept, Hash, std::equal_to<>> entries_;
};

}  // namespace gatehouse::telemetry
