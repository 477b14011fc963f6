// One filter of an HTTPRoute as it runs (resources.md 3.5). What of it cannot run as written is
// said; nothing of it is left out.
#pragma once

#include <optional>
#include <string_view>

#include "compile/draft.h"
#include "resource/route.h"
#include "snapshot/filter.h"

namespace gatehouse::compile {

/// The name of a type, as written.
std::string_view nameOf(resource::HttpFilterType type);

/// Puts `filter` behind those that `filters` holds, or says why it cannot run; Problem::field is
/// below the filter. A mirror is added where `draft` knows where it goes.
std::optional<Problem> addFilter(
    const Draft& draft, const resource::HttpFilter& filter, snapshot::Filters& filters
);

}  // namespace gatehouse::compile
