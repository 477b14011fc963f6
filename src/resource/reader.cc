#include "resource/reader.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "resource/schema/scalar.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

constexpr std::size_t kMaxShown = 64;

template <typename T>
std::optional<T> readUnsigned(const Value& object, std::string_view name) {
  const auto number = readInteger(object, name);
  if (!number || *number < 0 || *number > std::int64_t{std::numeric_limits<T>::max()}) {
    return std::nullopt;
  }
  return static_cast<T>(*number);
}

bool isWord(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

/// Without "USER:PASSWORD" before an "@", where a URL or host has it: what is wrong is shown to
/// many.
std::string withoutPassword(std::string_view text) {
  const std::size_t at = text.rfind('@');
  const std::size_t scheme = text.find("://");
  const std::size_t begin = scheme < at ? scheme + 3 : 0;
  if (at == std::string_view::npos || !text.substr(begin, at - begin).contains(':')) {
    return std::string(text);
  }
  return fmt::format("{}***{}", text.substr(0, begin), text.substr(at));
}

std::string quote(std::string_view whole) {
  const std::string text = withoutPassword(whole);
  std::string quoted = "\"";
  for (const char c : std::string_view(text).substr(0, kMaxShown)) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + (text.size() > kMaxShown ? "...\"" : "\"");
}

}  // namespace

const Value* readField(const Value& object, std::string_view name) {
  const Value* value = object.find(name);
  return value == nullptr || value->isNull() ? nullptr : value;
}

const Value* readPath(const Value& object, std::string_view dotted) {
  const Value* value = &object;
  while (value != nullptr && !dotted.empty()) {
    const std::size_t dot = dotted.find('.');
    value = readField(*value, dotted.substr(0, dot));
    dotted = dot == std::string_view::npos ? std::string_view() : dotted.substr(dot + 1);
  }
  return value;
}

const Value& readPart(const Value& object, std::string_view dotted) {
  [[clang::no_destroy]] static const Value kAbsent;
  const Value* found = readPath(object, dotted);
  return found == nullptr ? kAbsent : *found;
}

Position positionOf(const Value& object, std::string_view name) {
  if (const wire::Object* members = object.object()) {
    const auto found = std::ranges::find(*members, name, &wire::Member::key);
    if (found != members->end()) {
      return found->key_position;
    }
  }
  return object.position;
}

std::optional<std::string> readText(const Value& object, std::string_view name) {
  const Value* value = readField(object, name);
  const std::string* text = value == nullptr ? nullptr : value->string();
  return text == nullptr ? std::nullopt : std::optional(*text);
}

std::string readText(const Value& object, std::string_view name, std::string_view otherwise) {
  return readText(object, name).value_or(std::string(otherwise));
}

std::optional<std::int64_t> readInteger(const Value& object, std::string_view name) {
  const Value* value = readField(object, name);
  const std::int64_t* number = value == nullptr ? nullptr : value->integer();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<std::uint16_t> readPort(const Value& object, std::string_view name) {
  return readUnsigned<std::uint16_t>(object, name);
}

std::optional<std::uint32_t> readCount(const Value& object, std::string_view name) {
  return readUnsigned<std::uint32_t>(object, name);
}

bool readBoolean(const Value& object, std::string_view name, bool otherwise) {
  const Value* value = readField(object, name);
  const bool* boolean = value == nullptr ? nullptr : value->boolean();
  return boolean == nullptr ? otherwise : *boolean;
}

std::optional<Millis> readDuration(const Value& object, std::string_view name) {
  const auto text = readText(object, name);
  return text ? parseDuration(*text) : std::nullopt;
}

std::span<const Value> readList(const Value& object, std::string_view name) {
  const Value* value = readField(object, name);
  const wire::Array* items = value == nullptr ? nullptr : value->array();
  return items == nullptr ? std::span<const Value>() : std::span<const Value>(*items);
}

std::vector<std::string> readTexts(const Value& object, std::string_view name) {
  std::vector<std::string> texts;
  for (const Value& item : readList(object, name)) {
    if (const std::string* text = item.string()) {
      texts.push_back(*text);
    }
  }
  return texts;
}

StringMap readMap(const Value& object, std::string_view name) {
  StringMap map;
  const Value* value = readField(object, name);
  if (const wire::Object* members = value == nullptr ? nullptr : value->object()) {
    for (const wire::Member& member : *members) {
      if (const std::string* text = member.value.string()) {
        map.insert_or_assign(member.key, *text);
      }
    }
  }
  return map;
}

std::string joinPath(std::string_view path, std::string_view name) {
  if (!isWord(name)) {
    return fmt::format("{}[{}]", path, quote(name));
  }
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string joinPath(std::string_view path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

std::string show(const Value& value) {
  if (const std::string* text = value.string()) {
    return quote(*text);
  }
  if (const std::int64_t* integer = value.integer()) {
    return std::to_string(*integer);
  }
  if (const wire::Number* number = value.number()) {
    return number->text.substr(0, kMaxShown);
  }
  if (const bool* boolean = value.boolean()) {
    return *boolean ? "true" : "false";
  }
  if (value.isNull()) {
    return "nothing";
  }
  return fmt::format("an {}", value.typeName());
}

}  // namespace gatehouse::resource
