// The request path's view of a JSON body: is it one valid object, and where in its bytes are the
// values of a few keys? Builds no tree and copies nothing. The whole text is checked (RFC 8259
// grammar, UTF-8, nothing behind the object), so that what is forwarded is what was understood.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/padded_view.h"
#include "wire/json_keys.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {

enum class JsonType : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

/// One member of the object: byte offsets in the body, `end` one past the last byte.
struct JsonMember {
  JsonType type = JsonType::kNull;
  /// The opening quote of the key.
  std::size_t key_begin = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// The object that is the body, and the members asked for, in the order they were asked for.
struct JsonObjectMap {
  std::size_t begin = 0;  // its '{'
  std::size_t end = 0;    // one past its '}'
  std::size_t member_count = 0;
  /// One past the value of the last member; only if there is one.
  std::size_t last_value_end = 0;
  std::array<std::optional<JsonMember>, JsonKeys::kMax> members;
};

/// Checks the whole body and finds the members of its top-level object whose keys, after
/// unescaping, are `keys`. Refuses what is not exactly one JSON
/// object in UTF-8, containers nested deeper than 1,024, and two members with the same asked-for
/// key, however either is spelt. Other keys may repeat. Any thread; allocates only for
/// escaped keys and errors.
Parsed<JsonObjectMap> locateJson(PaddedView body, const JsonKeys& keys);

/// The same within a member of type kObject of a body already located; offsets still count from the
/// body's start.
Parsed<JsonObjectMap> locateJsonIn(PaddedView body, const JsonMember& object, const JsonKeys& keys);

/// The lenient sister, for small objects that are read and not forwarded: puts the values of the
/// members whose keys are `keys`, as written, in the first places of `values`, in the order of the
/// keys, and leaves empty what is absent. Of two members with one key the first counts. False, and
/// nothing in `values` that means anything, unless the whole text is one JSON object in UTF-8.
/// Allocates only for escaped keys and errors.
bool pickMembers(PaddedView text, const JsonKeys& keys, std::span<std::string_view> values);

/// The text of a member of type kString, unescaped; nothing for other types and for escapes that
/// name half a surrogate pair, because two readers would see two different texts.
std::optional<std::string> jsonString(PaddedView body, const JsonMember& member);
/// Nothing unless the member is true or false.
std::optional<bool> jsonBoolean(PaddedView body, const JsonMember& member);
/// Nothing unless the member is a number written as an integer that fits.
std::optional<std::int64_t> jsonInteger(PaddedView body, const JsonMember& member);

}  // namespace gatehouse::wire
