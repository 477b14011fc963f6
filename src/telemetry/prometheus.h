// Metrics as text: Prometheus exposition 0.0.4 and OpenMetrics 1.0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "telemetry/scrape.h"

namespace gatehouse::telemetry {

enum class Exposition : std::uint8_t { kPrometheus, kOpenMetrics };

/// By the Accept field of the scraper (RFC 9110 section 12.5.1): OpenMetrics only if it is named
/// and not less welcome than plain text. Empty or unreadable: kPrometheus.
Exposition chooseExposition(std::string_view accept);
/// Value of Content-Type.
std::string_view contentType(Exposition exposition);

std::string writeExposition(std::span<const FamilySamples> families, Exposition exposition);

}  // namespace gatehouse::telemetry
