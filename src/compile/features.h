// What of the Gateway API's features works here, by the names that its conformance suite knows
// (resources.md 3.1; Gateway API v1.6 pkg/features).
#pragma once

#include <span>
#include <string_view>

namespace gatehouse::compile {

/// For GatewayClass status.supportedFeatures: sorted, each once, at most 64. Only what a case of
/// test/e2e/conformance shows.
std::span<const std::string_view> supportedFeatures();

}  // namespace gatehouse::compile
