// Value -> JSON text, and JsonWriter, which appends JSON piece by piece without a tree. Whatever
// the strings hold, the output is valid JSON in valid UTF-8: bytes that are not become U+FFFD.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace gatehouse::wire {

enum class JsonStyle { kCompact, kPretty };

std::string writeJson(const Value& value, JsonStyle style = JsonStyle::kCompact);
void appendJson(std::string& out, const Value& value, JsonStyle style = JsonStyle::kCompact);
/// `text` as a JSON string, quotes included.
void appendJsonString(std::string& out, std::string_view text);

/// Appends to `out`, which must outlive it; keeps the commas right, trusts the caller for the rest
/// of the grammar.
///   JsonWriter(out).beginObject().key("id").string(id).key("n").number(3).endObject();
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out [[clang::lifetimebound]]) : out_(out) {}

  JsonWriter& beginObject() { return open('{'); }
  JsonWriter& endObject() { return close('}'); }
  JsonWriter& beginArray() { return open('['); }
  JsonWriter& endArray() { return close(']'); }
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  JsonWriter& number(Number value) {
    if constexpr (std::unsigned_integral<Number>) {
      return unsignedNumber(value);
    } else {
      return signedNumber(value);
    }
  }
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& value(const Value& tree);
  /// Text that is one JSON value already.
  JsonWriter& raw(std::string_view json);

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& signedNumber(std::int64_t value);
  JsonWriter& unsignedNumber(std::uint64_t value);
  void separate();

  std::string& out_;
  bool comma_due_ = false;
};

}  // namespace gatehouse::wire
