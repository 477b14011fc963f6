#include "resource/check/validate.h"

#include <algorithm>
#include <array>
#include <utility>

#include "resource/reader.h"

namespace gatehouse::resource {
namespace {

/// The node a dotted path starts from is found for all but its last part; that one may be missing.
std::pair<const wire::Value*, std::string_view> resolveParent(
    const wire::Value& from, std::string_view dotted
) {
  const std::size_t dot = dotted.rfind('.');
  if (dot == std::string_view::npos) {
    return {&from, dotted};
  }
  const wire::Value* parent = readPath(from, dotted.substr(0, dot));
  return {parent == nullptr ? &from : parent, dotted.substr(dot + 1)};
}

std::string appendPath(const std::string& path, std::string_view dotted) {
  if (dotted.empty()) {
    return path;
  }
  return path.empty() ? std::string(dotted) : path + "." + std::string(dotted);
}

}  // namespace

Position RuleSite::place(const wire::Value& from, std::string_view field) const {
  if (field.empty()) {
    return from.position;
  }
  const auto [parent, name] = resolveParent(from, field);
  return positionOf(*parent, name);
}

void RuleSite::error(std::string message) const {
  sink_.error(value_.position, path_, std::move(message));
}

void RuleSite::errorAt(std::string_view field, std::string message) const {
  sink_.error(place(value_, field), appendPath(path_, field), std::move(message));
}

void RuleSite::errorAtItem(std::size_t index, std::string_view field, std::string message) const {
  const wire::Value& item = (*value_.array())[index];
  sink_.error(place(item, field), appendPath(joinPath(path_, index), field), std::move(message));
}

void RuleSite::warningAt(std::string_view field, std::string message) const {
  sink_.warning(place(value_, field), appendPath(path_, field), std::move(message));
}

RuleFunction findRule(std::string_view name) {
  for (const auto& family : {gatewayRules(), routeRules(), backendRules(), policyRules()}) {
    const auto found = std::ranges::find(family, name, &NamedRule::name);
    if (found != family.end()) {
      return found->apply;
    }
  }
  return nullptr;
}

}  // namespace gatehouse::resource
