// What the environment of the process says beside keys, root certificates and proxies, and what the
// machine gives. Part of
// main: it tells the log what will be used.
#pragma once

#include <cstddef>
#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "cli/args.h"
#include "io/tls/tls_config.h"
#include "proxy/load.h"
#include "upstream/proxy_environment.h"

namespace gatehouse {

/// What upstreams are trusted by when nothing else is said; null when it cannot be read. Variables
/// that bring no certificate are warned of.
std::shared_ptr<const io::TrustStore> systemRoots(const Logger& log);

/// What one worker takes on, by what the machine gives and the flags say. Raises the limit of
/// descriptors, and logs what came of it.
proxy::LoadLimits loadLimits(
    const cli::RunOptions& options, std::size_t workers, const Logger& log
);

/// The proxies in use are logged, without their credentials. kInvalidConfiguration.
Result<upstream::ProxyEnvironment> proxiesInUse(const Logger& log);

}  // namespace gatehouse
