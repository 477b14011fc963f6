#include "wire/json_read.h"

#include <charconv>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>
#include <simdjson.h>

#include "base/padded_view.h"
#include "base/text.h"
#include "wire/json_cursor.h"
#include "wire/json_string.h"

namespace gatehouse::wire {
namespace {

namespace ondemand = simdjson::ondemand;

/// Takes digits off the front; false if there are none.
bool takeDigits(std::string_view& rest) {
  std::size_t count = std::min(rest.find_first_not_of("0123456789"), rest.size());
  rest.remove_prefix(count);
  return count > 0;
}

/// RFC 8259, section 6. simdjson reads numbers into doubles; we keep their text, so their grammar
/// is ours to check.
bool isNumber(std::string_view text) {
  if (text.starts_with('-')) {
    text.remove_prefix(1);
  }
  if (text.starts_with('0')) {
    text.remove_prefix(1);
  } else if (!takeDigits(text)) {
    return false;
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!takeDigits(text)) {
      return false;
    }
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) {
      text.remove_prefix(1);
    }
    return takeDigits(text) && text.empty();
  }
  return text.empty();
}

Value numberValue(std::string_view text) {
  std::int64_t integer = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  bool exact = error == std::errc() && end == text.data() + text.size() && text != "-0";
  return exact ? Value(integer) : Value(Number{std::string(text)});
}

/// A scalar by its text; nothing if it is none.
std::optional<Value> scalarValue(std::string_view token) {
  if (token.starts_with('"')) {
    if (token.size() < 2 || !token.ends_with('"')) {
      return std::nullopt;
    }
    auto text = unescapeJson(token.substr(1, token.size() - 2), LoneSurrogate::kReplace);
    return text ? std::optional<Value>(std::move(*text)) : std::nullopt;
  }
  if (token == "true" || token == "false") {
    return Value(token == "true");
  }
  if (token == "null") {
    return Value();
  }
  return isNumber(token) ? std::optional(numberValue(token)) : std::nullopt;
}

/// Builds the tree. Where simdjson or a check of ours refuses, the text is walked again to find the
/// exact place.
class Reader {
 public:
  Reader(std::string_view text, const JsonReadOptions& options)
      : text_(text), options_(options), lines_(text), padded_(text) {}

  Parsed<Value> run() {
    Value value;
    if (!readDocument(value)) {
      return std::unexpected(error_ ? *std::move(error_) : locateError());
    }
    return value;
  }

 private:
  bool readDocument(Value& out) {
    ondemand::parser parser;
    ondemand::document document;
    if (parser.iterate(padded_).get(document) != simdjson::SUCCESS) {
      return false;
    }
    bool scalar = false;
    if (document.is_scalar().get(scalar) != simdjson::SUCCESS) {
      return false;
    }
    if (scalar) {
      auto value = scalarValue(trim(text_));
      if (value) {
        out = *std::move(value);
        out.position = lines_.at(text_.find_first_not_of(" \t\r\n"));
      }
      return value.has_value();
    }
    ondemand::value root;
    return document.get_value().get(root) == simdjson::SUCCESS && readValue(root, 1, out) &&
           document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  }

  bool readValue(ondemand::value source, std::size_t depth, Value& out) {
    const char* begin = nullptr;
    ondemand::json_type type{};
    if (source.current_location().get(begin) != simdjson::SUCCESS ||
        source.type().get(type) != simdjson::SUCCESS) {
      return false;
    }
    bool read = false;
    if (type == ondemand::json_type::object || type == ondemand::json_type::array) {
      if (depth > options_.max_depth) {
        return fail(begin, fmt::format("nested deeper than {} levels", options_.max_depth));
      }
      read = type == ondemand::json_type::object ? readObject(source, depth, out)
                                                 : readArray(source, depth, out);
    } else if (auto value = scalarValue(trim(source.raw_json_token()))) {
      out = *std::move(value);
      read = true;
    }
    out.position = positionOf(begin);
    return read;
  }

  bool readArray(ondemand::value source, std::size_t depth, Value& out) {
    ondemand::array array;
    if (source.get_array().get(array) != simdjson::SUCCESS) {
      return false;
    }
    Array items;
    for (auto element : array) {
      ondemand::value item;
      if (element.get(item) != simdjson::SUCCESS ||
          !readValue(item, depth + 1, items.emplace_back())) {
        return false;
      }
    }
    out = Value(std::move(items));
    return true;
  }

  bool readObject(ondemand::value source, std::size_t depth, Value& out) {
    ondemand::object object;
    if (source.get_object().get(object) != simdjson::SUCCESS) {
      return false;
    }
    Object members;
    for (auto field : object) {
      ondemand::raw_json_string raw_key;
      ondemand::value value;
      if (field.key().get(raw_key) != simdjson::SUCCESS ||
          field.value().get(value) != simdjson::SUCCESS) {
        return false;
      }
      Member& member = members.emplace_back();
      if (!readKey(raw_key.raw(), member) || !readValue(value, depth + 1, member.value)) {
        return false;
      }
    }
    bool unique = options_.duplicate_keys == DuplicateKeys::kKeepAll || checkUnique(members);
    out = Value(std::move(members));
    return unique;
  }

  /// `begin` is just behind the key's opening quote; simdjson has seen that the string is closed.
  bool readKey(const char* begin, Member& member) {
    std::string_view rest = text_.substr(offsetOf(begin));
    std::size_t end = 0;
    while (end < rest.size() && rest[end] != '"') {
      end += rest[end] == '\\' ? 2 : 1;
    }
    member.key_position = positionOf(begin - 1);
    auto key = unescapeJson(rest.substr(0, end), LoneSurrogate::kReplace);
    if (key) {
      member.key = *std::move(key);
    }
    return key.has_value();
  }

  bool checkUnique(const Object& members) {
    std::unordered_set<std::string_view> seen;
    for (const Member& member : members) {
      if (!seen.insert(member.key).second) {
        error_ = SyntaxError{
            lines_.offsetOf(member.key_position),
            member.key_position,
            fmt::format("duplicate key \"{}\"", printable(member.key))
        };
        return false;
      }
    }
    return true;
  }

  bool fail(const char* at, std::string message) {
    error_ = SyntaxError{offsetOf(at), positionOf(at), std::move(message)};
    return false;
  }

  SyntaxError locateError() const {
    PaddedCopy copy(text_);
    JsonCursor cursor(copy.view());
    cursor.skipSpace();
    if (!cursor.skipValue() || !cursor.finish()) {
      return cursor.error();
    }
    std::size_t fault = validUtf8Prefix(text_);
    return {fault, lines_.at(fault), fault < text_.size() ? "not UTF-8" : "not valid JSON"};
  }

  std::size_t offsetOf(const char* at) const {
    return static_cast<std::size_t>(at - padded_.data());
  }
  Position positionOf(const char* at) const { return lines_.at(offsetOf(at)); }

  std::string_view text_;
  const JsonReadOptions& options_;
  LineIndex lines_;
  simdjson::padded_string padded_;
  std::optional<SyntaxError> error_;
};

}  // namespace

Parsed<Value> readJson(std::string_view text, const JsonReadOptions& options) {
  if (text.size() > options.max_bytes) {
    return std::unexpected(
        SyntaxError{0, {1, 1}, fmt::format("larger than {} bytes", options.max_bytes)}
    );
  }
  return Reader(text, options).run();
}

}  // namespace gatehouse::wire
