// Service -> the endpoints of its ready addresses (resources.md 7).
#pragma once

#include <cstdint>
#include <expected>

#include "compile/draft.h"
#include "snapshot/backend.h"

namespace gatehouse::compile {

/// Requests go to every ready address of the EndpointSlices under the port of that number; without
/// any slice, in standalone mode, to name.namespace.svc. Or the condition of the reference:
/// BackendNotFound, UnsupportedProtocol, InvalidKind.
std::expected<snapshot::BackendHandle, Problem> makeServiceBackend(
    const Draft& draft, const resource::Service& service, std::uint16_t port
);

}  // namespace gatehouse::compile
