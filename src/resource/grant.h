// May this reference cross namespaces? ReferenceGrant (resources.md 3.6).
#pragma once

#include <string_view>

#include "resource/meta.h"
#include "resource/set.h"

namespace gatehouse::resource {

/// The referring side of a reference: its kind and namespace matter, its name does not.
struct Referrer {
  std::string_view group;
  std::string_view kind;
  std::string_view ns;
};

/// True if `from` may refer to `to`: always within one namespace, else by a ReferenceGrant in the
/// namespace of `to`.
bool isGranted(const ResourceSet& resources, const Referrer& from, const ObjectKey& to);

}  // namespace gatehouse::resource
