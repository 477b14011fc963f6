#include "wire/json_read.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>
#include <simdjson.h>

#include "base/padded_view.h"
#include "base/text.h"
#include "wire/json.h"
#include "wire/json_cursor.h"
#include "wire/json_string.h"
#include "wire/syntax_error.h"

namespace gatehouse::wire {
namespace {

namespace ondemand = simdjson::ondemand;

Value numberValue(std::string_view text) {
  std::int64_t integer = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  bool exact = error == std::errc() && end == text.data() + text.size() && text != "-0";
  return exact ? Value(integer) : Value(Number{std::string(text)});
}

Value scalarValue(std::string_view token) {
  switch (token.front()) {
    case '"':
      return unescapeJson(token.substr(1, token.size() - 2), LoneSurrogate::kReplace).value_or("");
    case 't':
      return true;
    case 'f':
      return false;
    case 'n':
      return nullptr;
    default:
      return numberValue(token);
  }
}

/// What makes the text no JSON. simdjson checks only what it visits, and says neither where nor
/// what.
std::optional<SyntaxError> findFault(std::string_view text, const LineIndex& lines) {
  PaddedCopy copy(text);
  JsonCursor cursor(copy.view());
  cursor.skipSpace();
  if (!cursor.skipValue() || !cursor.finish()) {
    return cursor.error();
  }
  std::size_t valid = cursor.beyondAscii() ? validUtf8Prefix(text) : text.size();
  if (valid < text.size()) {
    return SyntaxError{valid, lines.at(valid), "not UTF-8"};
  }
  return std::nullopt;
}

/// Builds the tree of a text without faults.
class Reader {
 public:
  Reader(std::string_view text, const JsonReadOptions& options, const LineIndex& lines)
      : text_(text), options_(options), lines_(lines), padded_(text) {}

  Parsed<Value> run() {
    Value value;
    if (!readDocument(value)) {
      return std::unexpected(
          error_ ? *std::move(error_) : SyntaxError{0, lines_.at(0), "not valid JSON"}
      );
    }
    return value;
  }

 private:
  bool readDocument(Value& out) {
    std::string_view content = trim(text_);
    if (content.front() != '{' && content.front() != '[') {
      out = scalarValue(content);
      out.position = lines_.at(static_cast<std::size_t>(content.data() - text_.data()));
      return true;
    }
    ondemand::parser parser;
    ondemand::document document;
    ondemand::value root;
    return parser.iterate(padded_).get(document) == simdjson::SUCCESS &&
           document.get_value().get(root) == simdjson::SUCCESS && readValue(root, 1, out);
  }

  bool readValue(ondemand::value source, std::size_t depth, Value& out) {
    const char* begin = nullptr;
    ondemand::json_type type{};
    if (source.current_location().get(begin) != simdjson::SUCCESS ||
        source.type().get(type) != simdjson::SUCCESS) {
      return false;
    }
    Position position = positionOf(begin);
    bool container = type == ondemand::json_type::object || type == ondemand::json_type::array;
    if (container && depth > options_.max_depth) {
      return fail(begin, fmt::format("nested deeper than {} levels", options_.max_depth));
    }
    bool read = true;
    if (type == ondemand::json_type::object) {
      read = readObject(source, depth, out);
    } else if (type == ondemand::json_type::array) {
      read = readArray(source, depth, out);
    } else {
      out = scalarValue(trim(source.raw_json_token()));
    }
    out.position = position;
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
      readKey(raw_key.raw(), member);
      if (!readValue(value, depth + 1, member.value)) {
        return false;
      }
    }
    bool unique = options_.duplicate_keys == DuplicateKeys::kKeepAll || checkUnique(members);
    out = Value(std::move(members));
    return unique;
  }

  /// `begin` is just behind the key's opening quote.
  void readKey(const char* begin, Member& member) {
    std::string_view rest = text_.substr(offsetOf(begin));
    std::size_t end = 0;
    while (rest[end] != '"') {
      end += rest[end] == '\\' ? 2 : 1;
    }
    member.key_position = positionOf(begin - 1);
    member.key = unescapeJson(rest.substr(0, end), LoneSurrogate::kReplace).value_or("");
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

  std::size_t offsetOf(const char* at) const {
    return static_cast<std::size_t>(at - padded_.data());
  }
  Position positionOf(const char* at) const { return lines_.at(offsetOf(at)); }

  std::string_view text_;
  const JsonReadOptions& options_;
  const LineIndex& lines_;
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
  LineIndex lines(text);
  if (auto fault = findFault(text, lines)) {
    return std::unexpected(*std::move(fault));
  }
  return Reader(text, options, lines).run();
}

}  // namespace gatehouse::wire
