#include "wire/json_locate.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/core.h>
#include <simdjson.h>

#include "base/padded_view.h"
#include "base/text.h"
#include "wire/json_cursor.h"
#include "wire/json_string.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {
namespace {

JsonType typeAt(char first) {
  switch (first) {
    case '{':
      return JsonType::kObject;
    case '[':
      return JsonType::kArray;
    case '"':
      return JsonType::kString;
    case 't':
    case 'f':
      return JsonType::kBoolean;
    case 'n':
      return JsonType::kNull;
    default:
      return JsonType::kNumber;
  }
}

/// What the cursor passed, all of `text`, is UTF-8.
bool checkUtf8(JsonCursor& cursor, std::string_view text) {
  if (!cursor.beyondAscii() || simdjson::validate_utf8(text)) {
    return true;
  }
  std::size_t fault = validUtf8Prefix(text);
  auto byte = static_cast<unsigned char>(text[fault]);
  return cursor.failAt(fault, fmt::format("byte 0x{:02x} is not UTF-8", byte));
}

/// Walks over one object, noting the members asked for in `object`. Offsets count from the start
/// of `text`.
class Locator {
 public:
  Locator(PaddedView text, const JsonKeys& keys, JsonObjectMap& object)
      : text_(text.text()), keys_(keys), cursor_(text), object_(object) {}

  bool run() { return takeObject() && cursor_.finish() && checkUtf8(cursor_, text_); }
  SyntaxError error() const { return cursor_.error(); }

 private:
  bool takeObject() {
    cursor_.skipSpace();
    if (cursor_.atEnd()) {
      return cursor_.fail("expected a JSON object, found nothing");
    }
    object_.begin = cursor_.offset();
    if (cursor_.peek() != '{') {
      return cursor_.skipValue() && cursor_.failAt(object_.begin, "expected a JSON object");
    }
    if (!cursor_.skipObject([this](std::string_view key) { return takeMember(key); })) {
      return false;
    }
    object_.end = cursor_.offset();
    return true;
  }

  bool takeMember(std::string_view key) {
    const std::size_t key_begin = static_cast<std::size_t>(key.data() - text_.data()) - 1;
    const std::size_t index = keys_.find(key);
    std::optional<JsonMember>* const member =
        index == JsonKeys::kNone ? nullptr : object_.members.data() + index;
    if (member != nullptr && member->has_value()) {
      return cursor_.failAt(key_begin, fmt::format("duplicate key \"{}\"", keys_[index]));
    }
    const std::size_t begin = cursor_.offset();
    const char first = cursor_.peek();
    if (!cursor_.skipValue()) {
      return false;
    }
    const std::size_t end = cursor_.offset();
    object_.last_value_end = end;
    ++object_.member_count;
    if (member != nullptr) {
      member->emplace(typeAt(first), key_begin, begin, end);
    }
    return true;
  }

  std::string_view text_;
  const JsonKeys& keys_;
  JsonCursor cursor_;
  JsonObjectMap& object_;
};

std::string_view textOf(PaddedView body, const JsonMember& member) {
  return body.text().substr(member.begin, member.end - member.begin);
}

}  // namespace

Parsed<JsonObjectMap> locateJson(PaddedView body, const JsonKeys& keys) {
  Parsed<JsonObjectMap> map;  // filled where it stays: it is large
  Locator locator(body, keys, *map);
  if (!locator.run()) {
    map = std::unexpected(locator.error());
  }
  return map;
}

Parsed<JsonObjectMap> locateJsonIn(
    PaddedView body, const JsonMember& object, const JsonKeys& keys
) {
  auto map = locateJson(body.slice(object.begin, object.end - object.begin), keys);
  if (!map) {
    map.error().offset += object.begin;
    map.error().position = LineIndex(body.text()).at(map.error().offset);
    return map;
  }
  map->begin += object.begin;
  map->end += object.begin;
  map->last_value_end += object.begin;
  for (auto& member : map->members) {
    if (member) {
      member->key_begin += object.begin;
      member->begin += object.begin;
      member->end += object.begin;
    }
  }
  return map;
}

bool pickMembers(PaddedView text, const JsonKeys& keys, std::span<std::string_view> values) {
  JsonCursor cursor(text);
  cursor.skipSpace();
  return cursor.peek() == '{' && cursor.skipObject([&](std::string_view key) {
    std::size_t index = keys.find(key);
    std::size_t begin = cursor.offset();
    if (!cursor.skipValue()) {
      return false;
    }
    if (index != JsonKeys::kNone && values[index].empty()) {
      values[index] = text.text().substr(begin, cursor.offset() - begin);
    }
    return true;
  }) && cursor.finish() &&
         checkUtf8(cursor, text.text());
}

std::optional<std::string> jsonString(PaddedView body, const JsonMember& member) {
  if (member.type != JsonType::kString) {
    return std::nullopt;
  }
  std::string_view quoted = textOf(body, member);
  return unescapeJson(quoted.substr(1, quoted.size() - 2), LoneSurrogate::kRefuse);
}

std::optional<bool> jsonBoolean(PaddedView body, const JsonMember& member) {
  if (member.type != JsonType::kBoolean) {
    return std::nullopt;
  }
  return body.text()[member.begin] == 't';
}

std::optional<std::int64_t> jsonInteger(PaddedView body, const JsonMember& member) {
  std::string_view text = textOf(body, member);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (member.type != JsonType::kNumber || error != std::errc() ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace gatehouse::wire
