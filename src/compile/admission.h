// Which namespaces may attach what to a Gateway or a listener (resources.md 3.2: allowedRoutes,
// allowedListeners).
#pragma once

#include <string>

#include "resource/gateway.h"
#include "resource/set.h"

namespace gatehouse::compile {

/// Whether an object of namespace `theirs` may attach to one of namespace `own`. A namespace
/// without manifest has the label of its name.
bool admitsNamespace(
    const resource::ResourceSet& resources,
    const resource::AllowedNamespaces& allowed,
    const std::string& own,
    const std::string& theirs
);

}  // namespace gatehouse::compile
