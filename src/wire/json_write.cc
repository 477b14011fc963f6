#include "wire/json_write.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.h"
#include "wire/json.h"

namespace gatehouse::wire {
namespace {

class TreeWriter {
 public:
  TreeWriter(std::string& out, JsonStyle style) : out_(out), pretty_(style == JsonStyle::kPretty) {}

  void write(const Value& value, std::size_t depth) {
    if (const Object* object = value.object()) {
      writeObject(*object, depth);
    } else if (const Array* array = value.array()) {
      writeArray(*array, depth);
    } else {
      writeScalar(value);
    }
  }

 private:
  void writeObject(const Object& members, std::size_t depth) {
    out_ += '{';
    for (const Member& member : members) {
      startItem(&member != members.data(), depth + 1);
      appendQuoted(out_, member.key);
      out_ += pretty_ ? ": " : ":";
      write(member.value, depth + 1);
    }
    end('}', !members.empty(), depth);
  }

  void writeArray(const Array& items, std::size_t depth) {
    out_ += '[';
    for (const Value& item : items) {
      startItem(&item != items.data(), depth + 1);
      write(item, depth + 1);
    }
    end(']', !items.empty(), depth);
  }

  void writeScalar(const Value& value) {
    if (const std::string* text = value.string()) {
      appendQuoted(out_, *text);
    } else if (const bool* boolean = value.boolean()) {
      out_ += *boolean ? "true" : "false";
    } else if (const std::int64_t* integer = value.integer()) {
      out_ += std::to_string(*integer);
    } else if (const Number* number = value.number()) {
      out_ += number->text;
    } else {
      out_ += "null";
    }
  }

  void startItem(bool comma, std::size_t depth) {
    if (comma) {
      out_ += ',';
    }
    breakLine(depth);
  }

  void end(char bracket, bool filled, std::size_t depth) {
    if (filled) {
      breakLine(depth);
    }
    out_ += bracket;
  }

  void breakLine(std::size_t depth) {
    if (pretty_) {
      out_ += '\n';
      out_.append(2 * depth, ' ');
    }
  }

  std::string& out_;
  bool pretty_;
};

}  // namespace

std::string writeJson(const Value& value, JsonStyle style) {
  std::string out;
  appendJson(out, value, style);
  return out;
}

void appendJson(std::string& out, const Value& value, JsonStyle style) {
  TreeWriter(out, style).write(value, 0);
}

void appendJsonString(std::string& out, std::string_view text) {
  appendQuoted(out, text);
}

JsonWriter& JsonWriter::key(std::string_view name) {
  string(name);
  out_ += ':';
  comma_due_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  appendQuoted(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(const Value& tree) {
  separate();
  appendJson(out_, tree);
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  comma_due_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_ += bracket;
  comma_due_ = true;
  return *this;
}

JsonWriter& JsonWriter::signedNumber(std::int64_t value) {
  std::array<char, 24> text;
  return raw({text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr});
}

JsonWriter& JsonWriter::unsignedNumber(std::uint64_t value) {
  std::array<char, 24> text;
  return raw({text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr});
}

void JsonWriter::separate() {
  if (comma_due_) {
    out_ += ',';
  }
  comma_due_ = true;
}

}  // namespace gatehouse::wire
