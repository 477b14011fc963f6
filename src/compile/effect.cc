#include "compile/effect.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "wire/json.h"

namespace gatehouse::compile {
namespace {

using Fields = std::map<std::string, FieldEffect, std::less<>>;
using Groups = std::map<std::string, Fields, std::less<>>;

std::optional<Effect> effectOf(char mark) {
  switch (mark) {
    case '+':
      return Effect::kActive;
    case '=':
      return Effect::kReported;
    case '-':
      return Effect::kInactive;
    case '!':
      return Effect::kGuard;
    default:
      return std::nullopt;
  }
}

/// `a.{b c}` as a.b and a.c; any other path as it is.
std::vector<std::string> expand(std::string_view path) {
  const std::size_t open = path.find('{');
  if (open == std::string_view::npos) {
    return {std::string(path)};
  }
  std::vector<std::string> paths;
  for (const std::string_view name : split(path.substr(open + 1, path.size() - open - 2), ' ')) {
    paths.push_back(fmt::format("{}{}", path.substr(0, open), name));
  }
  return paths;
}

/// One line under a heading, into the fields of that heading.
void addLine(std::string_view line, const Groups& groups, Fields& fields) {
  const std::string_view rest = trim(line.substr(1));
  if (line.front() == '>') {
    const auto parts = splitOnce(rest, ' ');
    GATEHOUSE_INVARIANT(parts.has_value());
    const auto group = groups.find(trim(parts->second));
    GATEHOUSE_INVARIANT(group != groups.end());
    for (const auto& [path, effect] : group->second) {
      fields.emplace(fmt::format("{}.{}", parts->first, path), effect);
    }
    return;
  }
  const auto effect = effectOf(line.front());
  GATEHOUSE_INVARIANT(effect.has_value());
  constexpr std::string_view kUnless = " unless ";
  const std::size_t unless = rest.find(kUnless);
  const bool whole = unless == std::string_view::npos;
  const std::string value(whole ? "" : rest.substr(unless + kUnless.size()));
  for (std::string& path : expand(whole ? rest : rest.substr(0, unless))) {
    fields.emplace(std::move(path), FieldEffect{*effect, value});
  }
}

/// Collects what is inactive below one value.
class Walk {
 public:
  explicit Walk(const Fields& fields) : fields_(fields) {}

  void into(const wire::Value& value, const std::string& plain, const std::string& written) {
    if (const wire::Array* items = value.array()) {
      for (std::size_t i = 0; i < items->size(); ++i) {
        into((*items)[i], plain, fmt::format("{}[{}]", written, i));
      }
    } else if (const wire::Object* members = value.object()) {
      for (const wire::Member& member : *members) {
        const std::string_view dot = plain.empty() ? "" : ".";
        visit(
            member.value,
            fmt::format("{}{}{}", plain, dot, member.key),
            fmt::format("{}{}{}", written, dot, member.key)
        );
      }
    }
  }

  std::vector<InactiveField> take() { return std::move(found_); }

 private:
  void visit(const wire::Value& value, const std::string& plain, const std::string& written) {
    const auto next = fields_.lower_bound(plain);
    if (value.isNull() || next == fields_.end() || !next->first.starts_with(plain)) {
      return;
    }
    if (next->first != plain) {
      into(value, plain, written);
      return;
    }
    const auto& [effect, unless] = next->second;
    const std::string* text = value.string();
    const bool asks = unless.empty() || text == nullptr || *text != unless;
    if (asks && (effect == Effect::kInactive || effect == Effect::kGuard)) {
      found_.push_back({written, effect == Effect::kGuard});
    }
  }

  const Fields& fields_;
  std::vector<InactiveField> found_;
};

}  // namespace

EffectTable EffectTable::builtIn() {
  return EffectTable(kEffects);
}

EffectTable::EffectTable(std::string_view text) {
  Groups groups;
  std::vector<std::string> names;
  Fields fields;
  const auto finish = [&] {
    for (const std::string& name : names) {
      (name.starts_with('@') ? groups[name] : kinds_[name]) = fields;
    }
    fields.clear();
    names.clear();
  };
  for (const std::string_view raw : split(text, '\n')) {
    const std::string_view line = trim(raw);
    if (line.empty() || line.starts_with('#')) {
      continue;
    }
    if (!line.starts_with("== ")) {
      addLine(line, groups, fields);
      continue;
    }
    finish();
    for (const std::string_view name : split(line.substr(3), ' ')) {
      names.emplace_back(name);
    }
  }
  finish();
}

const std::map<std::string, FieldEffect, std::less<>>* EffectTable::find(std::string_view kind
) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? nullptr : &found->second;
}

std::vector<InactiveField> EffectTable::inactiveFields(const resource::ObjectMeta& meta) const {
  const auto* fields = find(meta.key.kind);
  if (fields == nullptr || meta.document == nullptr) {
    return {};
  }
  Walk walk(*fields);
  walk.into(*meta.document, "", "");
  return walk.take();
}

}  // namespace gatehouse::compile
