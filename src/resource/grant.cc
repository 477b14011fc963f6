#include "resource/grant.h"

#include <algorithm>

namespace gatehouse::resource {

bool isGranted(const ResourceSet& resources, const Referrer& from, const ObjectKey& to) {
  if (from.ns == to.ns) {
    return true;
  }
  const auto is_from = [&](const ReferenceGrant::From& entry) {
    return entry.group == from.group && entry.kind == from.kind && entry.ns == from.ns;
  };
  const auto is_to = [&](const ReferenceGrant::To& entry) {
    return entry.group == to.group && entry.kind == to.kind &&
           (!entry.name || *entry.name == to.name);
  };
  return std::ranges::any_of(
      resources.all<ReferenceGrant>(),
      [&](const Shared<ReferenceGrant>& grant) {
        return grant->meta.key.ns == to.ns && std::ranges::any_of(grant->from, is_from) &&
               std::ranges::any_of(grant->to, is_to);
      }
  );
}

}  // namespace gatehouse::resource
