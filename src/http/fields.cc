#include "http/fields.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"
#include "base/text.h"
#include "http/token.h"

namespace gatehouse::http {

void Fields::add(std::string_view name, std::string_view value) {
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  GATEHOUSE_INVARIANT(name.size() <= kLongestName);
  GATEHOUSE_INVARIANT(text_.size() + name.size() + value.size() <= kMost);
  std::size_t begin = text_.size();
  // Either may be a view into text_ itself, which append() could move.
  if (text_.capacity() - begin < name.size() + value.size()) {
    std::string grown;
    grown.reserve(std::max(2 * text_.capacity(), begin + name.size() + value.size()));
    grown.append(text_).append(name).append(value);
    text_.swap(grown);
  } else {
    text_.append(name).append(value);
  }
  lines_.push_back({
      .name_begin = static_cast<std::uint32_t>(begin),
      .value_begin = static_cast<std::uint32_t>(begin + name.size()),
      .value_size = static_cast<std::uint32_t>(value.size()),
      .name_size = static_cast<std::uint16_t>(name.size()),
  });
}

void Fields::beginReceived(std::string_view received, std::size_t lines) {
  GATEHOUSE_DEBUG_CHECK(lines_.empty());
  text_.assign(received);
  lines_.reserve(lines);
}

void Fields::addReceived(std::string_view received, std::string_view name, std::string_view value) {
  GATEHOUSE_DEBUG_CHECK(name.data() >= received.data() && name.size() <= kLongestName);
  // An empty value may lie nowhere in particular.
  std::size_t value_begin =
      value.empty() ? 0 : static_cast<std::size_t>(value.data() - received.data());
  lines_.push_back({
      .name_begin = static_cast<std::uint32_t>(name.data() - received.data()),
      .value_begin = static_cast<std::uint32_t>(value_begin),
      .value_size = static_cast<std::uint32_t>(value.size()),
      .name_size = static_cast<std::uint16_t>(name.size()),
  });
}

void Fields::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

std::size_t Fields::remove(std::string_view name) {
  return std::erase_if(lines_, [&](const Line& line) { return names(line, name); });
}

std::size_t Fields::removeWiped(std::string_view name) {
  for (const Line& line : lines_) {
    if (names(line, name)) {
      text_.replace(line.value_begin, line.value_size, line.value_size, '\0');
    }
  }
  return remove(name);
}

std::optional<std::string_view> Fields::get(std::string_view name) const {
  for (const Line& line : lines_) {
    if (names(line, name)) {
      return field(line).value;
    }
  }
  return std::nullopt;
}

bool Fields::has(std::string_view name) const {
  return std::ranges::any_of(lines_, [&](const Line& line) { return names(line, name); });
}

std::size_t Fields::count(std::string_view name) const {
  auto found = std::ranges::count_if(lines_, [&](const Line& line) { return names(line, name); });
  return static_cast<std::size_t>(found);
}

std::string Fields::joined(std::string_view name) const {
  std::string all;
  bool first = true;
  for (const Line& line : lines_) {
    if (!names(line, name)) {
      continue;
    }
    if (!first) {
      all += ", ";
    }
    all += field(line).value;
    first = false;
  }
  return all;
}

std::size_t Fields::size() const {
  return lines_.size();
}

Fields::Field Fields::at(std::size_t index) const {
  return field(lines_[index]);
}

std::size_t Fields::octets() const {
  std::size_t sum = 0;
  for (const Line& line : lines_) {
    sum += line.name_size + line.value_size;
  }
  return sum;
}

void Fields::reserve(std::size_t lines, std::size_t octets) {
  lines_.reserve(lines);
  text_.reserve(octets);
}

void Fields::clear() {
  lines_.clear();
  text_.clear();
}

Fields::Field Fields::field(const Line& line) const {
  std::string_view text = text_;
  return {
      text.substr(line.name_begin, line.name_size), text.substr(line.value_begin, line.value_size)
  };
}

bool Fields::names(const Line& line, std::string_view name) const {
  return line.name_size == name.size() && iequals(field(line).name, name);
}

void removeHopByHop(Fields& fields) {
  constexpr std::array<std::string_view, 9> kHopByHop = {
      "Connection",
      "Keep-Alive",
      "Proxy-Connection",
      "TE",
      "Transfer-Encoding",
      "Upgrade",
      "Proxy-Authenticate",
      "Proxy-Authorization",
      "Trailer",
  };
  if (fields.has("Connection")) {
    std::string nominated = fields.joined("Connection");
    std::string_view list = nominated;
    for (auto name = nextElement(list); !name.empty(); name = nextElement(list)) {
      fields.remove(name);
    }
  }
  for (std::string_view name : kHopByHop) {
    fields.remove(name);
  }
}

}  // namespace gatehouse::http
