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

constexpr std::string_view kColon = ": ";
constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

void Fields::add(FieldName name, std::string_view value) {
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  std::string_view text = name.text();
  std::size_t begin = text_.size();
  std::size_t size = text.size() + kColon.size() + value.size() + kLineEnd.size();
  GATEHOUSE_INVARIANT(text.size() <= kLongestName);
  GATEHOUSE_INVARIANT(begin + size <= kMost);
  auto append = [&](std::string& to) {
    to.append(text).append(kColon).append(value).append(kLineEnd);
  };
  // Either may be a view into text_ itself, which append() could move.
  if (text_.capacity() - begin < size) {
    std::string grown;
    grown.reserve(std::max(2 * text_.capacity(), begin + size));
    grown.append(text_);
    append(grown);
    text_.swap(grown);
  } else {
    append(text_);
  }
  lines_.push_back({
      .name_begin = static_cast<std::uint32_t>(begin),
      .value_begin = static_cast<std::uint32_t>(begin + text.size() + kColon.size()),
      .value_size = static_cast<std::uint32_t>(value.size()),
      .name_size = static_cast<std::uint16_t>(text.size()),
      .id = name.id(),
      .as_written = true,
  });
  present_.add(name.id());
}

std::string_view Fields::beginReceived(std::string_view received, std::size_t lines) {
  GATEHOUSE_DEBUG_CHECK(lines_.empty());
  text_.reserve(received.size() + kSlack + kRoomForOctets);
  text_.append(received).append(kSlack, ' ');
  lines_.reserve(lines + kRoomForLines);
  return {text_.data(), received.size()};
}

void Fields::addReceived(std::string_view name, FieldId id, std::string_view value) {
  const char* text = text_.data();
  GATEHOUSE_DEBUG_CHECK(name.data() >= text && name.size() <= kLongestName);
  const char* before = name.data() + name.size();
  const char* behind = value.data() + value.size();
  bool as_written = value.data() == before + kColon.size() && before[1] == ' ' && *behind == '\r';
  lines_.push_back({
      .name_begin = static_cast<std::uint32_t>(name.data() - text),
      .value_begin = static_cast<std::uint32_t>(value.data() - text),
      .value_size = static_cast<std::uint32_t>(value.size()),
      .name_size = static_cast<std::uint16_t>(name.size()),
      .id = id,
      .as_written = as_written,
  });
  present_.add(id);
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

void Fields::removeAll(FieldSet names, std::span<const std::string_view> prefixes) {
  if (prefixes.empty() && !present_.overlaps(names)) {
    return;
  }
  // Few names have the first letter of one and the third of one.
  auto bitOf = [](char letter) {
    return std::uint32_t{1} << (static_cast<std::uint8_t>(letter) & 31);
  };
  std::uint32_t first = 0;
  std::uint32_t third = 0;
  for (std::string_view prefix : prefixes) {
    GATEHOUSE_DEBUG_CHECK(prefix.size() >= kShortestPrefix);
    first |= bitOf(prefix[0]);
    third |= bitOf(prefix[2]);
  }
  auto unwanted = [&](const Line& line) {
    std::string_view name = field(line).name;
    if (names.has(line.id)) {
      return true;
    }
    bool may = name.size() >= kShortestPrefix && (bitOf(name[0]) & first) != 0 &&
               (bitOf(name[2]) & third) != 0;
    return may && std::ranges::any_of(prefixes, [name](std::string_view prefix) {
             return istartsWith(name, prefix);
           });
  };
  if (std::erase_if(lines_, unwanted) != 0) {
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
  if (name.id() != kUnknownField) {
    const Line* line = lines_.data();
    while (line->id != name.id()) {  // present_ says that there is one
      ++line;
    }
    return field(*line).value;
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

// Lines that stand in text_ as they are to be written, one behind the other, are copied together.
char* Fields::write(char* at, FieldSet left_out) const {
  auto put = [&at](std::string_view text) { at += text.copy(at, text.size()); };
  std::size_t begin = 0;  // of what is to be copied next
  std::size_t end = 0;
  for (const Line& line : lines_) {
    if (left_out.has(line.id)) {
      continue;
    }
    if (line.as_written && line.name_begin == end) {
      end = line.end() + kLineEnd.size();
      continue;
    }
    put({text_.data() + begin, end - begin});
    begin = end = 0;
    if (line.as_written) {
      begin = line.name_begin;
      end = line.end() + kLineEnd.size();
      continue;
    }
    Field each = field(line);
    put(each.name);
    put(kColon);
    put(each.value);
    put(kLineEnd);
  }
  put({text_.data() + begin, end - begin});
  return at;
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
