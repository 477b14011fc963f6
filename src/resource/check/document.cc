#include "resource/check/document.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "base/text.h"
#include "resource/check/rules.h"
#include "resource/nearest.h"
#include "resource/reader.h"
#include "resource/schema/format.h"
#include "resource/schema/scalar.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

constexpr std::size_t kMaxDurationText = 32;
constexpr std::string_view kHidden = "(hidden)";

std::int64_t countCharacters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  });
}

/// "from 1 to 65535", "at least 1", "at most 64"; empty without bounds.
std::string bounds(const Type& type) {
  if (type.min && type.max) {
    return fmt::format("from {} to {}", *type.min, *type.max);
  }
  if (type.min) {
    return fmt::format("at least {}", *type.min);
  }
  return type.max ? fmt::format("at most {}", *type.max) : "";
}

bool within(const Type& type, std::int64_t value) {
  return (!type.min || value >= *type.min) && (!type.max || value <= *type.max);
}

/// "80" in quotes, which was meant to be a number.
bool isQuotedInteger(const Value& value) {
  if (!value.isString()) {
    return false;
  }
  std::string_view digits = *value.string();
  digits.remove_prefix(digits.starts_with('-') ? 1 : 0);
  return parseUnsigned(digits).has_value();
}

std::string_view describe(Type::Kind kind) {
  switch (kind) {
    case Type::Kind::kString:
      return "a string";
    case Type::Kind::kInteger:
      return "an integer";
    case Type::Kind::kBoolean:
      return "true or false";
    case Type::Kind::kDuration:
      return "a duration such as 10s, 1m30s or 500ms";
    case Type::Kind::kQuantity:
      return "a quantity such as 65536, 64Ki or 2Mi";
    case Type::Kind::kIntOrString:
      return "an integer or a string";
    case Type::Kind::kObject:
    case Type::Kind::kMap:
      return "an object";
    case Type::Kind::kList:
      return "a list";
    case Type::Kind::kAny:
      return "a value";
  }
  return "";
}

class SchemaCheck {
 public:
  explicit SchemaCheck(FindingSink& sink) : sink_(sink) {}

  void check(const Value& value, const Type& type, const Spot& spot) {
    if (!hasType(value, type)) {
      reportType(value, type, spot);
      return;
    }
    switch (type.kind) {
      case Type::Kind::kString:
        checkString(value, type, spot);
        break;
      case Type::Kind::kInteger:
        if (!within(type, *value.integer())) {
          sink_.error(
              value.position,
              spot.path,
              fmt::format("must be {}, got {}", bounds(type), show(value))
          );
        }
        break;
      case Type::Kind::kDuration:
        checkDuration(value, type, spot);
        break;
      case Type::Kind::kQuantity:
        checkQuantity(value, type, spot);
        break;
      case Type::Kind::kObject:
        checkObject(value, type, spot);
        break;
      case Type::Kind::kList:
        checkList(value, type, spot);
        break;
      case Type::Kind::kMap:
        checkMap(value, type, spot);
        break;
      case Type::Kind::kBoolean:
      case Type::Kind::kIntOrString:
      case Type::Kind::kAny:
        break;
    }
    applyRules(value, type, {spot.path, spot.preserving || type.preserve_unknown}, sink_);
  }

 private:
  static bool hasType(const Value& value, const Type& type) {
    switch (type.kind) {
      case Type::Kind::kString:
      case Type::Kind::kDuration:
        return value.isString();
      case Type::Kind::kInteger:
        return value.integer() != nullptr;
      case Type::Kind::kBoolean:
        return value.boolean() != nullptr;
      case Type::Kind::kQuantity:
        return value.isString() || value.integer() != nullptr || value.number() != nullptr;
      case Type::Kind::kIntOrString:
        return value.isString() || value.integer() != nullptr;
      case Type::Kind::kObject:
      case Type::Kind::kMap:
        return value.isObject();
      case Type::Kind::kList:
        return value.isArray();
      case Type::Kind::kAny:
        return true;
    }
    return false;
  }

  /// A text where there should be more than a text may be a secret that belongs further in.
  static std::string showOther(const Value& value, const Type& type) {
    const bool holds_others = type.kind == Type::Kind::kObject || type.kind == Type::Kind::kMap ||
                              type.kind == Type::Kind::kList;
    if (type.sensitive) {
      return "something else";
    }
    return value.isString() && holds_others ? "a string" : show(value);
  }

  void reportType(const Value& value, const Type& type, const Spot& spot) {
    std::string message =
        fmt::format("expected {}, got {}", describe(type.kind), showOther(value, type));
    const bool scalar = !value.isObject() && !value.isArray();
    if (type.kind == Type::Kind::kString && scalar) {
      message += "; put it in quotes";
    } else if (type.kind == Type::Kind::kList && value.isObject()) {
      message += "; is the '-' of the first item missing?";
    } else if (type.kind == Type::Kind::kInteger && isQuotedInteger(value)) {
      message += "; leave out the quotes";
    }
    sink_.error(value.position, spot.path, std::move(message));
  }

  void checkString(const Value& value, const Type& type, const Spot& spot) {
    const std::string& text = *value.string();
    const std::string shown = type.sensitive ? "" : fmt::format(", got {}", show(value));
    if (!type.choices.empty()) {
      checkChoice(value, type, spot);
      return;
    }
    if (!within(type, countCharacters(text))) {
      sink_.error(
          value.position,
          spot.path,
          fmt::format(
              "must be {} characters long{}", bounds(type), text.empty() ? ", is empty" : shown
          )
      );
      return;
    }
    const Format* format = findFormat(type.format);
    GATEHOUSE_INVARIANT(format != nullptr);
    if (!format->accepts(text)) {
      sink_.error(
          value.position, spot.path, fmt::format("expected {}{}", format->expectation, shown)
      );
    }
  }

  void checkChoice(const Value& value, const Type& type, const Spot& spot) {
    const std::string& text = *value.string();
    if (std::ranges::find(type.choices, text) != type.choices.end() ||
        (type.other_choices && isDomainPrefixed(text))) {
      return;
    }
    const std::vector<std::string_view> names(type.choices.begin(), type.choices.end());
    std::string expected = fmt::format("{}", fmt::join(type.choices, ", "));
    if (type.choices.size() > 1) {
      expected.insert(0, "one of ");
    }
    if (type.other_choices) {
      expected += names.empty() ? "a domain-prefixed name" : " or a domain-prefixed name";
    }
    sink_.error(
        value.position,
        spot.path,
        fmt::format("expected {}, got {}{}", expected, show(value), didYouMean(text, names))
    );
  }

  void checkDuration(const Value& value, const Type& type, const Spot& spot) {
    const std::string& text = *value.string();
    const auto duration = text.size() <= kMaxDurationText ? parseDuration(text) : std::nullopt;
    if (!duration) {
      reportType(value, type, spot);
    } else if (!within(type, duration->count())) {
      sink_.error(
          value.position, spot.path, fmt::format("must be {} ms, got {}", bounds(type), show(value))
      );
    }
  }

  /// A quantity that makes no sense is ignored by who reads it (resources.md 2).
  void checkQuantity(const Value& value, const Type& type, const Spot& spot) {
    const std::string text = value.isString() ? *value.string() : show(value);
    const auto bytes = parseQuantity(text);
    if (!bytes || !within(type, *bytes)) {
      const std::string limits = bounds(type);
      sink_.warning(
          value.position,
          spot.path,
          fmt::format(
              "ignored: expected {}{}{}, got {}",
              describe(type.kind),
              limits.empty() ? "" : ", ",
              limits,
              show(value)
          )
      );
    }
  }

  void checkObject(const Value& value, const Type& type, const Spot& spot) {
    const bool preserving = spot.preserving || type.preserve_unknown;
    for (const wire::Member& member : *value.object()) {
      const Field* field = type.find(member.key);
      if (field != nullptr && !member.value.isNull()) {
        check(member.value, *field->type, {joinPath(spot.path, member.key), preserving});
      } else if (field == nullptr && !preserving) {
        reportUnknown(member, type, spot);
      }
    }
    for (const Field& field : type.fields) {
      if (field.required && readField(value, field.name) == nullptr) {
        sink_.error(value.position, joinPath(spot.path, field.name), "required field is missing");
      }
    }
  }

  void reportUnknown(const wire::Member& member, const Type& type, const Spot& spot) {
    std::vector<std::string_view> names;
    for (const Field& field : type.fields) {
      names.emplace_back(field.name);
    }
    sink_.lapse(
        member.key_position,
        joinPath(spot.path, member.key),
        fmt::format("unknown field{}", didYouMean(member.key, names))
    );
  }

  void checkList(const Value& value, const Type& type, const Spot& spot) {
    const wire::Array& items = *value.array();
    checkCount(value, type, spot, items.size());
    std::map<std::string_view, Position> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Spot item{joinPath(spot.path, i), spot.preserving};
      check(items[i], *type.element, item);
      const Value* key = type.list_key.empty() ? nullptr : readField(items[i], type.list_key);
      if (key == nullptr || !key->isString()) {
        continue;
      }
      const auto [first, fresh] = seen.emplace(*key->string(), key->position);
      if (!fresh) {
        sink_.error(
            key->position,
            joinPath(item.path, type.list_key),
            fmt::format(
                "{} is used twice in this list, first at line {}", show(*key), first->second.line
            )
        );
      }
    }
  }

  void checkMap(const Value& value, const Type& type, const Spot& spot) {
    checkCount(value, type, spot, value.object()->size());
    if (type.element->sensitive) {
      return;  // the values of a Secret: a bad one costs its key, so the decoder checks them
    }
    for (const wire::Member& member : *value.object()) {
      if (!member.value.isNull()) {
        check(member.value, *type.element, {joinPath(spot.path, member.key), spot.preserving});
      }
    }
  }

  void checkCount(const Value& value, const Type& type, const Spot& spot, std::size_t count) {
    if (!within(type, static_cast<std::int64_t>(count))) {
      sink_.error(
          value.position,
          spot.path,
          fmt::format("must have {} entries, has {}", bounds(type), count)
      );
    }
  }

  FindingSink& sink_;
};

Value showableNode(const Value& value, const Type& type, bool preserving);

Value showableMembers(const Value& value, const Type& type, bool preserving) {
  wire::Object members;
  for (const wire::Member& member : *value.object()) {
    const Field* field = type.find(member.key);
    const Type* inner = field == nullptr ? type.element.get() : field->type.get();
    if (inner != nullptr || preserving) {
      members.push_back(
          {.key = member.key,
           .value =
               inner == nullptr ? member.value : showableNode(member.value, *inner, preserving),
           .key_position = member.key_position}
      );
    }
  }
  return members;
}

Value showableNode(const Value& value, const Type& type, bool preserving) {
  preserving = preserving || type.preserve_unknown;
  Value shown;
  if (type.sensitive) {
    shown = Value(kHidden);
  } else if (type.kind == Type::Kind::kList && value.isArray()) {
    wire::Array items;
    for (const Value& item : *value.array()) {
      items.push_back(showableNode(item, *type.element, preserving));
    }
    shown = std::move(items);
  } else if (type.kind != Type::Kind::kAny && value.isObject()) {
    shown = showableMembers(value, type, preserving);
  } else {
    shown = value;
  }
  shown.position = value.position;
  return shown;
}

}  // namespace

void checkDocument(const Value& document, const KindSchema& schema, FindingSink& sink) {
  SchemaCheck(sink).check(document, *schema.type, {});
}

Value showable(const Value& document, const KindSchema& schema) {
  return showableNode(document, *schema.type, false);
}

}  // namespace gatehouse::resource
