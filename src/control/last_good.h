// What stays of the last set when a part of the new one cannot be read.
#pragma once

#include <string>
#include <vector>

#include "resource/load.h"
#include "resource/set.h"

namespace gatehouse::control {

/// Adds to `loaded` the objects of `before` that errors took away: those of a file that cannot be
/// read as a whole (or of any file below an unreadable directory), and an object whose new text has
/// an error. An object that is there under the same identity stays as it is. Returns a sentence for
/// each file or object kept, in order.
std::vector<std::string> keepLastGood(
    const resource::ResourceSet& before, resource::Loaded& loaded
);

}  // namespace gatehouse::control
