// ListenerSets: which of them a Gateway takes, and their listeners behind its own
// (resources.md 3.2).
#pragma once

#include <cstddef>

#include "compile/draft.h"

namespace gatehouse::compile {

/// Most listeners of a Gateway with its ListenerSets; those beyond are TooManyListeners.
inline constexpr std::size_t kMostListeners = 1024;

/// Fills draft.listener_sets and adds their listeners to the Gateways, whose own are checked: older
/// ListenerSets first, then by namespace/name. Of two listeners that cannot be told apart the later
/// one loses.
void mergeListenerSets(Draft& draft);

}  // namespace gatehouse::compile
