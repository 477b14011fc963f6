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

#include "base/check.h"
#include "base/padded_view.h"
#include "base/text.h"
#include "wire/json_cursor.h"
#include "wire/json_string.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {
namespace {

constexpr std::size_t kNotAsked = JsonObjectMap::kMaxKeys;

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

/// `inner` is the key as written, without its quotes.
std::size_t indexOf(std::string_view inner, std::span<const std::string_view> keys) {
  std::string unescaped;
  if (inner.find('\\') != std::string_view::npos) {
    unescaped = unescapeJson(inner, LoneSurrogate::kReplace).value_or("");
    inner = unescaped;
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == inner) {
      return i;
    }
  }
  return kNotAsked;
}

/// Walks over one object, noting the members asked for. Offsets count from the start of `text`.
class Locator {
 public:
  Locator(PaddedView text, std::span<const std::string_view> keys)
      : text_(text.text()), keys_(keys), cursor_(text) {
    GATEHOUSE_INVARIANT(keys.size() <= JsonObjectMap::kMaxKeys);
  }

  Parsed<JsonObjectMap> run() {
    if (!takeObject() || !cursor_.finish() || !checkUtf8()) {
      return std::unexpected(cursor_.error());
    }
    return object_;
  }

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
    cursor_.advance();
    cursor_.skipSpace();
    if (cursor_.peek() != '}') {
      while (true) {
        if (!takeMember()) {
          return false;
        }
        cursor_.skipSpace();
        if (cursor_.peek() == '}') {
          break;
        }
        if (!cursor_.skipComma('}')) {
          return false;
        }
      }
    }
    cursor_.advance();
    object_.end = cursor_.offset();
    return true;
  }

  bool takeMember() {
    JsonMember member;
    member.key_begin = cursor_.offset();
    if (!cursor_.skipKey()) {
      return false;
    }
    std::size_t index = indexOf(innerText(member.key_begin, cursor_.offset()), keys_);
    if (index != kNotAsked && object_.members[index]) {
      return cursor_.failAt(member.key_begin, fmt::format("duplicate key \"{}\"", keys_[index]));
    }
    if (!cursor_.skipColon()) {
      return false;
    }
    member.begin = cursor_.offset();
    member.type = typeAt(cursor_.peek());
    if (!cursor_.skipValue()) {
      return false;
    }
    member.end = cursor_.offset();
    object_.last_value_end = member.end;
    ++object_.member_count;
    if (index != kNotAsked) {
      object_.members[index] = member;
    }
    return true;
  }

  bool checkUtf8() {
    if (!cursor_.beyondAscii() || simdjson::validate_utf8(text_)) {
      return true;
    }
    std::size_t fault = validUtf8Prefix(text_);
    auto byte = static_cast<unsigned char>(text_[fault]);
    return cursor_.failAt(fault, fmt::format("byte 0x{:02x} is not UTF-8", byte));
  }

  std::string_view innerText(std::size_t quote, std::size_t end) const {
    return text_.substr(quote + 1, end - quote - 2);
  }

  std::string_view text_;
  std::span<const std::string_view> keys_;
  JsonCursor cursor_;
  JsonObjectMap object_;
};

std::string_view textOf(PaddedView body, const JsonMember& member) {
  return body.text().substr(member.begin, member.end - member.begin);
}

}  // namespace

Parsed<JsonObjectMap> locateJson(PaddedView body, std::span<const std::string_view> keys) {
  return Locator(body, keys).run();
}

Parsed<JsonObjectMap> locateJsonIn(
    PaddedView body, const JsonMember& object, std::span<const std::string_view> keys
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
