// What stays of the last set when a part of the new one cannot be read.
#pragma once

#include <string>
#include <vector>

#include "resource/load.h"
#include "resource/set.h"

namespace gatehouse::control {

/// Puts the objects of `before` where errors stand in `loaded`. Of a file that cannot be read as a
/// whole (or of any file below an unreadable directory) nothing new is taken: what can be read of
/// it has no claim to be complete. An object whose new text has an error comes back alone; a
/// Secret does if it has the keys whose new values are bad. At the first load, when there is
/// nothing before, all that could be read stays. Returns a sentence for each file or object that
/// is kept or, new and with errors, left out; in order.
std::vector<std::string> keepLastGood(
    const resource::ResourceSet& before, resource::Loaded& loaded
);

}  // namespace gatehouse::control
