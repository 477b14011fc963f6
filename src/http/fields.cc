#include "http/fields.h"

#include <algorithm>
#include <cstring>
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

void Fields::add(FieldName name, std::string_view first_part, std::string_view second_part) {
  constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
  const std::string_view text = name.text();
  const std::size_t begin = text_.size();
  const std::size_t value_size = first_part.size() + second_part.size();
  const std::size_t end = begin + text.size() + kColon.size() + value_size + kLineEnd.size();
  GATEHOUSE_INVARIANT(text.size() <= kLongestName);
  GATEHOUSE_INVARIANT(end <= kMost);
  auto append = [&](std::string& to) {
    to.resize_and_overwrite(end, [&](char* all, std::size_t) {
      char* at = all + begin;
      for (std::string_view part : {text, kColon, first_part, second_part, kLineEnd}) {
        at += part.copy(at, part.size());
      }
      return end;  // what is handed in may be the room instead
    });
  };
  // Any may be a view into text_ itself, which growing could move.
  if (text_.capacity() < end) {
    std::string grown;
    grown.reserve(std::max(2 * text_.capacity(), end));
    grown.append(text_);
    append(grown);
    text_.swap(grown);
  } else {
    append(text_);
  }
  lines_.push_back({
      .name_begin = static_cast<std::uint32_t>(begin),
      .value_begin = static_cast<std::uint32_t>(begin + text.size() + kColon.size()),
      .value_size = static_cast<std::uint32_t>(value_size),
      .name_size = static_cast<std::uint16_t>(text.size()),
      .id = name.id(),
      .as_written = true,
  });
  present_.add(name.id());
}

Fields::Receiver::Receiver(Fields& fields, std::string_view section, std::size_t lines)
    : fields_(fields), size_(section.size()) {
  GATEHOUSE_DEBUG_CHECK(fields.lines_.empty());
  fields.text_.reserve(section.size() + kSlack + kRoomForOctets);
  fields.text_.append(section).append(kSlack, ' ');
  fields.lines_.reserve(lines + kRoomForLines);
  fields.lines_.resize(lines);
  text_ = fields.text_.data();
  next_ = fields.lines_.data();
}

void Fields::Receiver::finish() {
  fields_.lines_.resize(static_cast<std::size_t>(next_ - fields_.lines_.data()));
  fields_.present_ = present_;
}

void Fields::set(FieldName name, std::string_view first_part, std::string_view second_part) {
  remove(name);
  add(name, first_part, second_part);
}

std::size_t Fields::remove(FieldName name) {
  if (!present_.has(name.id())) {
    return 0;
  }
  if (name.id() != kUnknownField) {
    present_.remove(name.id());
  }
  return std::erase_if(lines_, [&](const Line& line) { return names(line, name); });
}

void Fields::removeAll(const FieldFilter& unwanted) {
  if (!unwanted.hasPrefixes() && !present_.overlaps(unwanted.names())) {
    return;
  }
  present_.remove(unwanted.names());
  std::erase_if(lines_, [&](const Line& line) {
    return unwanted.passes(line.id, {text_.data() + line.name_begin, line.name_size});
  });
}

void Fields::removeUnknown(std::vector<std::string> names) {
  if (names.empty()) {
    return;
  }
  std::ranges::sort(names);
  std::erase_if(lines_, [&](const Line& line) {
    return line.id == kUnknownField && std::ranges::binary_search(names, fold(field(line).name));
  });
}

void Fields::removeAllWiped(FieldSet names) {
  present_.remove(names);
  std::erase_if(lines_, [&](const Line& line) {
    const bool unwanted = names.has(line.id);
    if (unwanted) {
      std::memset(text_.data() + line.value_begin, '\0', line.value_size);
    }
    return unwanted;
  });
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

void removeHopByHop(Fields& fields, FieldFilter unwanted) {
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
  unwanted.add(kHopByHop);
  if (fields.has("connection")) {
    FieldSet known;
    std::vector<std::string> others;
    std::string nominated = fields.joined("connection");
    std::string_view list = nominated;
    for (auto name = nextElement(list); !name.empty(); name = nextElement(list)) {
      if (FieldId id = fieldIdOf(name); id != kUnknownField) {
        known.add(id);
      } else {
        others.push_back(fold(name));
      }
    }
    unwanted.add(known);
    fields.removeUnknown(std::move(others));
  }
  fields.removeAll(unwanted);
}

}  // namespace gatehouse::http
