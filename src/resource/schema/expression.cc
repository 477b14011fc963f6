#include "resource/schema/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "resource/schema/format.h"
#include "resource/schema/scalar.h"

namespace gatehouse::resource {
namespace {

Rule parseRule(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, Rule::Kind>, 7> kForms{{
      {"1of(", Rule::Kind::kExactlyOne},
      {"<=1of(", Rule::Kind::kAtMostOne},
      {">=1of(", Rule::Kind::kAtLeastOne},
      {"together(", Rule::Kind::kTogether},
      {"excludes(", Rule::Kind::kExcludes},
      {"needs(", Rule::Kind::kNeeds},
      {"alone(", Rule::Kind::kAlone},
  }};
  for (const auto& [prefix, kind] : kForms) {
    if (text.starts_with(prefix) && text.ends_with(')')) {
      Rule rule{.kind = kind, .fields = {}, .name = {}};
      std::string inner(text.substr(prefix.size(), text.size() - prefix.size() - 1));
      std::ranges::replace(inner, ':', ' ');
      for (const std::string_view field : splitTrimmed(inner, ' ')) {
        rule.fields.emplace_back(field);
      }
      return rule;
    }
  }
  if (text.find_first_of("() ") != std::string_view::npos) {
    schemaFault("unknown rule", text);
  }
  return Rule{.kind = Rule::Kind::kNamed, .fields = {}, .name = std::string(text)};
}

std::optional<std::int64_t> parseBound(Type::Kind kind, std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  if (kind == Type::Kind::kDuration) {
    const auto duration = parseDuration(text);
    return duration ? std::optional(duration->count()) : std::nullopt;
  }
  std::int64_t bound = 0;
  std::from_chars(text.data(), text.data() + text.size(), bound);
  return bound;
}

/// What is not given stays as it was.
void setBounds(Type& type, std::string_view min, std::string_view max) {
  if (const auto bound = parseBound(type.kind, min)) {
    type.min = bound;
  }
  if (const auto bound = parseBound(type.kind, max)) {
    type.max = bound;
  }
}

/// The type a plain word names.
Type plainType(std::string_view word) {
  constexpr std::int64_t kMaxPort = 65535;
  constexpr std::int64_t kMaxUint32 = 4294967295;
  Type type;
  if (word == "any") {
    return type;
  }
  if (word == "object" || word == "empty") {
    type.kind = Type::Kind::kObject;
    type.preserve_unknown = word == "object";
  } else if (word == "bool") {
    type.kind = Type::Kind::kBoolean;
  } else if (word == "int") {
    type.kind = Type::Kind::kInteger;
  } else if (word == "port") {
    type.kind = Type::Kind::kInteger;
    type.min = 1;
    type.max = kMaxPort;
  } else if (word == "intOrStr") {
    type.kind = Type::Kind::kIntOrString;
  } else if (word == "dur") {
    type.kind = Type::Kind::kDuration;
  } else if (word == "qty" || word == "qty32") {
    type.kind = Type::Kind::kQuantity;
    type.max = word == "qty32" ? std::optional(kMaxUint32) : std::nullopt;
  } else {
    type.kind = Type::Kind::kString;
    type.sensitive = word.starts_with("secret");
    type.format = word == "secret" ? "str" : word == "secretBase64" ? "base64" : word;
    const Format* format = findFormat(type.format);
    if (format == nullptr) {
      schemaFault("unknown type", word);
    }
    type.min = format->min;
    type.max = format->max;
  }
  return type;
}

std::string_view takeWord(std::string_view& text) {
  const std::size_t length = std::min(text.find_first_of(" ,(){}[]<>=\""), text.size());
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

std::string takeQuoted(std::string_view& text) {
  const std::size_t end = text.find('"', 1);
  if (end == std::string_view::npos) {
    schemaFault("open quote", text);
  }
  std::string quoted(text.substr(1, end - 1));
  text.remove_prefix(end + 1);
  return quoted;
}

/// The inside of a bracket; `text` starts with the opening one.
std::string_view takeUntil(std::string_view& text, char closing) {
  const std::size_t end = text.find(closing);
  if (end == std::string_view::npos) {
    schemaFault("open bracket", text);
  }
  const std::string_view inside = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  return inside;
}

void expect(std::string_view& text, char c) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (!text.starts_with(c)) {
    schemaFault(fmt::format("expected '{}'", c), text);
  }
  text.remove_prefix(1);
}

/// n..m right after a list or map.
void parseCount(Type& type, std::string_view& text) {
  const std::size_t length = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view range = text.substr(0, length);
  if (const std::size_t dots = range.find(".."); dots != std::string_view::npos) {
    setBounds(type, range.substr(0, dots), range.substr(dots + 2));
    text.remove_prefix(length);
  }
}

Type parseWord(std::string_view& text) {
  if (text.starts_with('"')) {
    Type only = plainType("str");
    only.choices.push_back(takeQuoted(text));
    return only;
  }
  const std::string_view word = takeWord(text);
  if (!word.contains('|')) {
    return plainType(word);
  }
  Type choice = plainType("str");
  for (const std::string_view value : splitTrimmed(word, '|')) {
    if (value == "domain") {
      choice.other_choices = true;
    } else {
      choice.choices.emplace_back(value);
    }
  }
  return choice;
}

/// (n..m), ="x", =x, key=x, preserve, [rules], in any order, until something else comes.
void parseSuffixes(TypeExpression& expression, std::string_view& text) {
  Type& type = *expression.type;
  while (true) {
    const std::string_view before = text;
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.starts_with('(')) {
      const std::string_view range = takeUntil(text, ')');
      const std::size_t dots = range.find("..");
      setBounds(type, range.substr(0, dots), range.substr(dots + 2));
    } else if (text.starts_with("=\"")) {
      text.remove_prefix(1);
      expression.default_text = takeQuoted(text);
    } else if (text.starts_with('=')) {
      text.remove_prefix(1);
      expression.default_text = takeWord(text);
    } else if (text.starts_with("key=")) {
      text.remove_prefix(4);
      type.list_key = takeWord(text);
    } else if (text.starts_with("preserve")) {
      text.remove_prefix(8);
      type.preserve_unknown = true;
    } else if (text.starts_with('[')) {
      addRules(type, takeUntil(text, ']'));
    } else {
      text = text.starts_with("//") ? text : before;
      return;
    }
  }
}

TypeExpression parseList(std::string_view& text, const FindSharedType& shared) {
  expect(text, '[');
  TypeExpression element = takeTypeExpression(text, shared);
  expect(text, ']');
  TypeExpression list;
  list.type = std::make_shared<Type>();
  list.type->kind = Type::Kind::kList;
  list.type->element = element.type;
  list.block = element.block;
  parseCount(*list.type, text);
  return list;
}

TypeExpression parseObject(std::string_view& text, const FindSharedType& shared) {
  expect(text, '{');
  TypeExpression object;
  object.type = std::make_shared<Type>();
  object.type->kind = Type::Kind::kObject;
  if (text.starts_with('}')) {
    object.block = object.type;
  }
  while (!text.empty() && !text.starts_with('}')) {
    Field field = takeFieldName(text);
    TypeExpression expression = takeTypeExpression(text, shared);
    field.type = std::move(expression.type);
    field.default_text = std::move(expression.default_text);
    object.type->fields.push_back(std::move(field));
    if (text.starts_with(',')) {
      text.remove_prefix(1);
    }
  }
  expect(text, '}');
  return object;
}

}  // namespace

std::string_view trimSpaces(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string_view> splitTrimmed(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    if (const std::string_view part = trimSpaces(text.substr(0, at)); !part.empty()) {
      parts.push_back(part);
    }
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

void schemaFault(std::string_view what, std::string_view where) {
  fmt::print(stderr, "gatehouse: broken schema table: {}: {}\n", what, where);
  std::abort();
}

void addRules(Type& type, std::string_view text) {
  for (const std::string_view rule : splitTrimmed(text, ';')) {
    type.rules.push_back(parseRule(rule));
  }
}

Field takeFieldName(std::string_view& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    schemaFault("field without type", text);
  }
  Field field;
  std::string_view name = trimSpaces(text.substr(0, colon));
  field.required = name.ends_with('!');
  field.name = name.substr(0, name.size() - (field.required ? 1 : 0));
  text.remove_prefix(colon + 1);
  return field;
}

TypeExpression takeTypeExpression(std::string_view& text, const FindSharedType& shared) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  TypeExpression expression;
  if (text.starts_with('[')) {
    expression = parseList(text, shared);
  } else if (text.starts_with('{')) {
    expression = parseObject(text, shared);
  } else if (text.starts_with("map<")) {
    text.remove_prefix(4);
    expression.type = std::make_shared<Type>();
    expression.type->kind = Type::Kind::kMap;
    expression.type->element = takeTypeExpression(text, shared).type;
    expect(text, '>');
    parseCount(*expression.type, text);
  } else if (text.starts_with('@')) {
    text.remove_prefix(1);
    expression.type = std::make_shared<Type>(*shared(takeWord(text)));
  } else {
    expression.type = std::make_shared<Type>(parseWord(text));
  }
  parseSuffixes(expression, text);
  return expression;
}

}  // namespace gatehouse::resource
