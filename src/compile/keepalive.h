// tcp.keepalive of backends and of the ports of Gateways (resources.md 4).
#pragma once

#include <string_view>

#include "compile/draft.h"
#include "resource/backend.h"

namespace gatehouse::compile {

/// With defaults for what is left out. `field` is where `keepalive` stands in the object `meta`;
/// times that the system does not take are findings, and its longest ones.
upstream::Keepalive makeKeepalive(
    Draft& draft,
    const resource::ObjectMeta& meta,
    std::string_view field,
    const resource::TcpKeepalive& written
);

}  // namespace gatehouse::compile
