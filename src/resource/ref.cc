#include "resource/ref.h"

#include <algorithm>

namespace gatehouse::resource {
namespace {

/// In and NotIn need values, the others have none: an expression without sense holds for nothing.
bool holds(const LabelSelector::Expression& expression, const StringMap& labels) {
  const std::string* value = findString(labels, expression.key);
  if (expression.values.empty()) {
    return (expression.op == "Exists" && value != nullptr) ||
           (expression.op == "DoesNotExist" && value == nullptr);
  }
  const bool listed =
      value != nullptr && std::ranges::find(expression.values, *value) != expression.values.end();
  return (expression.op == "In" && listed) || (expression.op == "NotIn" && !listed);
}

}  // namespace

bool LabelSelector::matches(const StringMap& labels) const {
  return std::ranges::all_of(
             match_labels,
             [&](const auto& wanted) {
               const std::string* value = findString(labels, wanted.first);
               return value != nullptr && *value == wanted.second;
             }
         ) &&
         std::ranges::all_of(match_expressions, [&](const Expression& expression) {
           return holds(expression, labels);
         });
}

ObjectKey keyOf(const ParentRef& ref) {
  return {ref.group, ref.kind, ref.ns, ref.name};
}
ObjectKey keyOf(const ObjectRef& ref) {
  return {ref.group, ref.kind, ref.ns, ref.name};
}
ObjectKey keyOf(const BackendObjectRef& ref) {
  return {ref.group, ref.kind, ref.ns, ref.name};
}
ObjectKey keyOf(const SecretKeyRef& ref) {
  return {ref.group, ref.kind, ref.ns, ref.name};
}

}  // namespace gatehouse::resource
