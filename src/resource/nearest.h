// "Did you mean": the valid name nearest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace gatehouse::resource {

/// The candidate nearest to `name`, or empty if none is near: equal but for case, few edits away
/// for its length, or the only one that contains it.
std::string_view nearestName(std::string_view name, std::span<const std::string_view> candidates);

/// `; did you mean "X"?`, or empty.
std::string didYouMean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace gatehouse::resource
