// Rules across the fields of one object that the schema notation has no form for. Each has a name,
// by which the tables call it, and is handed the object (or list) it stands at.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "resource/finding.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// Where a rule is applied.
class RuleSite {
 public:
  RuleSite(const wire::Value& value, std::string_view path, FindingSink& sink)
      : value_(value), path_(path), sink_(sink) {}

  const wire::Value& value() const { return value_; }
  const std::string& path() const { return path_; }

  /// An error of the value itself.
  void error(std::string message) const;
  /// An error of the member at `field`, a dotted path from here; at its key if it is there.
  void errorAt(std::string_view field, std::string message) const;
  /// An error of the item `index` of this list, or of a dotted path within it.
  void errorAtItem(std::size_t index, std::string_view field, std::string message) const;

  /// A warning at the member `field`.
  void warningAt(std::string_view field, std::string message) const;

 private:
  Position place(const wire::Value& from, std::string_view field) const;

  const wire::Value& value_;
  std::string path_;
  FindingSink& sink_;
};

using RuleFunction = void (*)(const RuleSite& site);

struct NamedRule {
  std::string_view name;
  RuleFunction apply;
};

/// The rule of that name, or null.
RuleFunction findRule(std::string_view name);

/// The rules of each family.
std::span<const NamedRule> gatewayRules();
std::span<const NamedRule> routeRules();
std::span<const NamedRule> backendRules();
std::span<const NamedRule> policyRules();

}  // namespace gatehouse::resource
