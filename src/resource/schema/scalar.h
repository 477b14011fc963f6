// Scalars of the resource API: Duration and ByteSize (resources.md 2).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace gatehouse::resource {

/// Gateway API Duration, `^([0-9]{1,5}(h|m|s|ms)){1,4}$`: "1h30m", "500ms", "0s". Nothing if `text`
/// is none.
std::optional<Millis> parseDuration(std::string_view text);

/// Kubernetes quantity as whole bytes: "65536", "64Ki", "1M", "1.5Gi", "2e3". Nothing if it is
/// none, negative, or too large; fractions of a byte round up.
std::optional<std::int64_t> parseQuantity(std::string_view text);

}  // namespace gatehouse::resource
