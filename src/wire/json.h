// Value: a JSON or YAML document in memory, member order kept, every node with its position in the
// source when it has one. For configuration, admin replies and translation; never for the
// same-dialect request path (D7).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gatehouse::wire {

/// Where a node stands in its file. Line and column count from 1, columns in bytes; line 0 means
/// unknown.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool operator==(const Position&) const = default;
};

class Value;

/// One object member. `key_position` is where the key starts.
struct Member;

using Array = std::vector<Value>;
using Object = std::vector<Member>;

/// A number kept exactly: as the integer if it is one that fits, and always as its text.
struct Number {
  std::string text;
  bool operator==(const Number&) const = default;
};

class Value {
 public:
  Value();  // null
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();
  // Implicit, so that documents can be written down in code.
  Value(std::nullptr_t);          // NOLINT(google-explicit-constructor)
  Value(bool value);              // NOLINT(google-explicit-constructor)
  Value(std::int64_t value);      // NOLINT(google-explicit-constructor)
  Value(int value);               // NOLINT(google-explicit-constructor)
  Value(std::string value);       // NOLINT(google-explicit-constructor)
  Value(std::string_view value);  // NOLINT(google-explicit-constructor)
  Value(const char* value);       // NOLINT(google-explicit-constructor)
  Value(Number value);            // NOLINT(google-explicit-constructor)
  Value(Array value);             // NOLINT(google-explicit-constructor)
  Value(Object value);            // NOLINT(google-explicit-constructor)

  bool isNull() const;
  bool isObject() const;
  bool isArray() const;
  bool isString() const;

  /// Null when the node is of another type.
  const bool* boolean() const;
  const std::int64_t* integer() const;
  const Number* number() const;  // non-integers and integers past int64
  const std::string* string() const;
  const Array* array() const;
  const Object* object() const;
  Array* array();
  Object* object();

  /// Member of an object by key; null if this is no object or has no such member.
  const Value* find(std::string_view key) const;
  /// Sets or appends a member; this must be an object or null (which becomes an object).
  Value& set(std::string_view key, Value value);

  /// "object", "array", "string", "number", "boolean", "null".
  std::string_view typeName() const;

  Position position;

 private:
  std::variant<std::monostate, bool, std::int64_t, Number, std::string, Array, Object> data_;
};

struct Member {
  std::string key;
  Value value;
  Position key_position;
};

}  // namespace gatehouse::wire
