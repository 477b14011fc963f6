#include "wire/json.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace gatehouse::wire {

Value::Value() = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;
Value::Value(std::nullptr_t) {}
Value::Value(bool value) : data_(value) {}
Value::Value(std::int64_t value) : data_(value) {}
Value::Value(int value) : data_(static_cast<std::int64_t>(value)) {}
Value::Value(std::string value) : data_(std::move(value)) {}
Value::Value(std::string_view value) : data_(std::string(value)) {}
Value::Value(const char* value) : data_(std::string(value)) {}
Value::Value(Number value) : data_(std::move(value)) {}
Value::Value(Array value) : data_(std::move(value)) {}
Value::Value(Object value) : data_(std::move(value)) {}

bool Value::isNull() const {
  return std::holds_alternative<std::monostate>(data_);
}
bool Value::isObject() const {
  return std::holds_alternative<Object>(data_);
}
bool Value::isArray() const {
  return std::holds_alternative<Array>(data_);
}
bool Value::isString() const {
  return std::holds_alternative<std::string>(data_);
}
const bool* Value::boolean() const {
  return std::get_if<bool>(&data_);
}
const std::int64_t* Value::integer() const {
  return std::get_if<std::int64_t>(&data_);
}
const Number* Value::number() const {
  return std::get_if<Number>(&data_);
}
const std::string* Value::string() const {
  return std::get_if<std::string>(&data_);
}
const Array* Value::array() const {
  return std::get_if<Array>(&data_);
}
const Object* Value::object() const {
  return std::get_if<Object>(&data_);
}
Array* Value::array() {
  return std::get_if<Array>(&data_);
}
Object* Value::object() {
  return std::get_if<Object>(&data_);
}

const Value* Value::find(std::string_view key) const {
  const Object* members = object();
  if (members == nullptr) {
    return nullptr;
  }
  for (const Member& member : *members) {
    if (member.key == key) {
      return &member.value;
    }
  }
  return nullptr;
}

Value& Value::set(std::string_view key, Value value) {
  if (isNull()) {
    data_ = Object{};
  }
  Object* members = object();
  GATEHOUSE_INVARIANT(members != nullptr);
  for (Member& member : *members) {
    if (member.key == key) {
      member.value = std::move(value);
      return member.value;
    }
  }
  members->push_back(Member{std::string(key), std::move(value), {}});
  return members->back().value;
}

std::string_view Value::typeName() const {
  switch (data_.index()) {
    case 0:
      return "null";
    case 1:
      return "boolean";
    case 2:
    case 3:
      return "number";
    case 4:
      return "string";
    case 5:
      return "array";
    default:
      return "object";
  }
}

}  // namespace gatehouse::wire
