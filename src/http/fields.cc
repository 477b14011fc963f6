#include "http/fields.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/text.h"
#include "http/token.h"

namespace gatehouse::http {
namespace {

// Room left in a received section for what a gateway adds: ids, trace context, a credential.
constexpr std::size_t kRoomForLines = 4;
constexpr std::size_t kRoomForOctets = 256;

}  // namespace

void Fields::add(FieldName name, std::string_view value) {
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  std::string_view text = name.text();
  GATEHOUSE_INVARIANT(text.size() <= kLongestName);
  GATEHOUSE_INVARIANT(text_.size() + text.size() + value.size() <= kMost);
  std::size_t begin = text_.size();
  // Either may be a view into text_ itself, which append() could move.
  if (text_.capacity() - begin < text.size() + value.size()) {
    std::string grown;
    grown.reserve(std::max(2 * text_.capacity(), begin + text.size() + value.size()));
    grown.append(text_).append(text).append(value);
    text_.swap(grown);
  } else {
    text_.append(text).append(value);
  }
  lines_.push_back({
      .name_begin = static_cast<std::uint32_t>(begin),
      .value_begin = static_cast<std::uint32_t>(begin + text.size()),
      .value_size = static_cast<std::uint32_t>(value.size()),
      .name_size = static_cast<std::uint16_t>(text.size()),
      .id = name.id(),
  });
  present_.add(name.id());
}

void Fields::beginReceived(std::string_view received, std::size_t lines) {
  GATEHOUSE_DEBUG_CHECK(lines_.empty());
  text_.reserve(received.size() + kRoomForOctets);
  text_.append(received);
  lines_.reserve(lines + kRoomForLines);
}

void Fields::addReceived(std::string_view received, FieldName name, std::string_view value) {
  std::string_view text = name.text();
  GATEHOUSE_DEBUG_CHECK(text.data() >= received.data() && text.size() <= kLongestName);
  // An empty value may lie nowhere in particular.
  std::size_t value_begin =
      value.empty() ? 0 : static_cast<std::size_t>(value.data() - received.data());
  lines_.push_back({
      .name_begin = static_cast<std::uint32_t>(text.data() - received.data()),
      .value_begin = static_cast<std::uint32_t>(value_begin),
      .value_size = static_cast<std::uint32_t>(value.size()),
      .name_size = static_cast<std::uint16_t>(text.size()),
      .id = name.id(),
  });
  present_.add(name.id());
}

void Fields::set(FieldName name, std::string_view value) {
  remove(name);
  add(name, value);
}

std::size_t Fields::remove(FieldName name) {
  if (!present_.has(name.id())) {
    return 0;
  }
  std::size_t removed = std::erase_if(lines_, [&](const Line& line) { return names(line, name); });
  countPresent();
  return removed;
}

void Fields::removeAll(FieldSet names) {
  if (present_.overlaps(names)) {
    std::erase_if(lines_, [&](const Line& line) { return names.has(line.id); });
    countPresent();
  }
}

void Fields::removeStartingWith(std::string_view prefix) {
  auto begins = [&](const Line& line) {
    return line.name_size >= prefix.size() && foldChar(text_[line.name_begin]) == prefix.front() &&
           iequals(field(line).name.substr(0, prefix.size()), prefix);
  };
  if (std::erase_if(lines_, begins) != 0) {
    countPresent();
  }
}

void Fields::countPresent() {
  present_ = {};
  for (const Line& line : lines_) {
    present_.add(line.id);
  }
}

void Fields::removeAllWiped(FieldSet names) {
  for (const Line& line : lines_) {
    if (names.has(line.id)) {
      text_.replace(line.value_begin, line.value_size, line.value_size, '\0');
    }
  }
  removeAll(names);
}

std::optional<std::string_view> Fields::get(FieldName name) const {
  if (!present_.has(name.id())) {
    return std::nullopt;
  }
  for (const Line& line : lines_) {
    if (names(line, name)) {
      return field(line).value;
    }
  }
  return std::nullopt;
}

bool Fields::has(FieldName name) const {
  return present_.has(name.id()) &&
         (name.id() != kUnknownField ||
          std::ranges::any_of(lines_, [&](const Line& line) { return names(line, name); }));
}

std::size_t Fields::count(FieldName name) const {
  auto found = std::ranges::count_if(lines_, [&](const Line& line) { return names(line, name); });
  return static_cast<std::size_t>(found);
}

std::string Fields::joined(FieldName name) const {
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
  present_ = {};
}

Fields::Field Fields::field(const Line& line) const {
  std::string_view text = text_;
  return {
      text.substr(line.name_begin, line.name_size), text.substr(line.value_begin, line.value_size)
  };
}

bool Fields::names(const Line& line, FieldName name) const {
  if (line.id != name.id()) {
    return false;
  }
  return line.id != kUnknownField ||
         (line.name_size == name.text().size() && iequals(field(line).name, name.text()));
}

void removeHopByHop(Fields& fields) {
  constexpr FieldSet kHopByHop = {
      "connection",
      "keep-alive",
      "proxy-connection",
      "te",
      "transfer-encoding",
      "upgrade",
      "proxy-authenticate",
      "proxy-authorization",
      "trailer",
  };
  if (fields.has("connection")) {
    std::string nominated = fields.joined("connection");
    std::string_view list = nominated;
    for (auto name = nextElement(list); !name.empty(); name = nextElement(list)) {
      fields.remove(name);
    }
  }
  fields.removeAll(kHopByHop);
}

}  // namespace gatehouse::http
