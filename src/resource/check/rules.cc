#include "resource/check/rules.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "resource/check/validate.h"
#include "resource/reader.h"

namespace gatehouse::resource {
namespace {

using wire::Value;

class RuleCheck {
 public:
  RuleCheck(const Value& value, const Type& type, const Spot& spot, FindingSink& sink)
      : value_(value), type_(type), spot_(spot), site_(value, spot.path, sink) {}

  void apply(const Rule& rule) {
    switch (rule.kind) {
      case Rule::Kind::kExactlyOne:
        needAny(rule);
        allowOne(rule);
        break;
      case Rule::Kind::kAtMostOne:
        allowOne(rule);
        break;
      case Rule::Kind::kAtLeastOne:
        needAny(rule);
        break;
      case Rule::Kind::kTogether:
        needTogether(rule);
        break;
      case Rule::Kind::kExcludes:
        exclude(rule);
        break;
      case Rule::Kind::kNeeds:
        need(rule);
        break;
      case Rule::Kind::kAlone:
        needAlone(rule);
        break;
      case Rule::Kind::kNamed:
        const RuleFunction function = findRule(rule.name);
        GATEHOUSE_INVARIANT(function != nullptr);
        function(site_);
        break;
    }
  }

 private:
  bool has(std::string_view field) const { return readPath(value_, field) != nullptr; }

  std::vector<std::string_view> present(const Rule& rule) const {
    std::vector<std::string_view> fields;
    for (const std::string& field : rule.fields) {
      if (has(field)) {
        fields.emplace_back(field);
      }
    }
    return fields;
  }

  bool holdsUnknown() const {
    return std::ranges::any_of(*value_.object(), [&](const wire::Member& member) {
      return type_.find(member.key) == nullptr;
    });
  }

  void needAny(const Rule& rule) const {
    if (!present(rule).empty() || (spot_.preserving && holdsUnknown())) {
      return;
    }
    if (rule.fields.size() == 1) {
      site_.error(fmt::format("{} must be set", rule.fields.front()));
      return;
    }
    const bool one = rule.kind == Rule::Kind::kExactlyOne;
    site_.error(fmt::format(
        "{} of {} must be set", one ? "exactly one" : "at least one", fmt::join(rule.fields, ", ")
    ));
  }

  void allowOne(const Rule& rule) const {
    const auto fields = present(rule);
    if (fields.size() > 1) {
      site_.errorAt(fields[1], fmt::format("only one of {} may be set", fmt::join(fields, ", ")));
    }
  }

  void needTogether(const Rule& rule) const {
    const auto fields = present(rule);
    if (!fields.empty() && fields.size() < rule.fields.size()) {
      site_.errorAt(
          fields.front(), fmt::format("{} must be set together", fmt::join(rule.fields, " and "))
      );
    }
  }

  void exclude(const Rule& rule) const {
    for (const std::string_view field : present(rule)) {
      if (field != rule.fields.front() && has(rule.fields.front())) {
        site_.errorAt(field, fmt::format("may not be set together with {}", rule.fields.front()));
      }
    }
  }

  void need(const Rule& rule) const {
    if (!has(rule.fields.front())) {
      return;
    }
    for (const std::string& field : rule.fields) {
      if (!has(field)) {
        site_.errorAt(rule.fields.front(), fmt::format("needs {} to be set", field));
      }
    }
  }

  void needAlone(const Rule& rule) const {
    if (!has(rule.fields.front())) {
      return;
    }
    for (const wire::Member& member : *value_.object()) {
      if (member.key != rule.fields.front() && !member.value.isNull()) {
        site_.errorAt(
            member.key, fmt::format("may not be set together with {}", rule.fields.front())
        );
      }
    }
  }

  const Value& value_;
  const Type& type_;
  const Spot& spot_;
  RuleSite site_;
};

}  // namespace

void applyRules(const Value& value, const Type& type, const Spot& spot, FindingSink& sink) {
  RuleCheck check(value, type, spot, sink);
  for (const Rule& rule : type.rules) {
    check.apply(rule);
  }
}

}  // namespace gatehouse::resource
