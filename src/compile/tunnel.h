// How an upstream is reached through an HTTP proxy: policies.tunnel of a backend, or what the
// environment of the process says.
#pragma once

#include <expected>
#include <memory>

#include "compile/draft.h"
#include "compile/endpoint.h"
#include "upstream/tunnel.h"

namespace gatehouse::compile {

/// Null: directly. The policy goes before the environment. Findings are about `meta`, the backend.
std::expected<std::shared_ptr<const upstream::Tunnel>, snapshot::InvalidBackend> makeTunnel(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const UpstreamAddress& address,
    const EffectivePolicies& policies
);

}  // namespace gatehouse::compile
