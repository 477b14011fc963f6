// Which model servers answer on this machine, for a start without configuration.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "io/reactor.h"
#include "io/task.h"

namespace gatehouse::cli {

/// Those of `ports` where something on 127.0.0.1 answers GET /v1/models with 200 and JSON. All are
/// asked at once; who has not answered after `patience` is not there.
io::Task<std::vector<std::uint16_t>> probeLocalServers(
    io::Reactor& reactor, std::vector<std::uint16_t> ports, Nanos patience
);

}  // namespace gatehouse::cli
