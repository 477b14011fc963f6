#include "environment.h"

#include <utility>

#include "io/machine.h"
#include "io/process.h"
#include "io/tls/tls_pem.h"
#include "secret/from_environment.h"

namespace gatehouse {

std::shared_ptr<const io::TrustStore> systemRoots(const Logger& log) {
  for (const io::RootsFault& fault : io::faultsOfRoots(
           secret::processVariable("SSL_CERT_FILE").value_or(""),
           secret::processVariable("SSL_CERT_DIR").value_or("")
       )) {
    log.warn(
        fault.variable + " brings no certificate",
        {{"path", fault.path}, {"reason", fault.reason}, {"next", fault.next_step}}
    );
  }
  auto roots = io::TrustStore::system();
  if (!roots) {
    log.warn("system root certificates cannot be read", {{"error", roots.error().chain()}});
    return nullptr;
  }
  return *std::move(roots);
}

proxy::LoadLimits loadLimits(
    const cli::RunOptions& options, std::size_t workers, const Logger& log
) {
  constexpr std::size_t kMiB = 1U << 20;
  proxy::LoadWishes wishes{
      .memory = io::memoryLimit(),
      .workers = workers,
      .connections = options.max_connections,
      .requests = options.max_requests,
  };
  if (options.max_buffered_mib) {
    wishes.buffered = *options.max_buffered_mib * kMiB;
  }
  if (Result<io::FdLimit> limit = io::raiseFdLimit()) {
    wishes.descriptors = limit->now;
  } else {
    log.warn("descriptor limit stays", {{"error", limit.error().chain()}});
    wishes.descriptors = 1024;
  }
  const proxy::LoadLimits limits = proxy::limitsFor(wishes);
  log.info(
      "limits of each worker",
      {{"connections", limits.connections},
       {"requests", limits.requests},
       {"buffered_mib", limits.buffered / kMiB},
       {"descriptors", limits.descriptors},
       {"of_descriptors", wishes.descriptors},
       {"of_memory_mib", wishes.memory / kMiB}}
  );
  return limits;
}

Result<upstream::ProxyEnvironment> proxiesInUse(const Logger& log) {
  GATEHOUSE_TRY(
      upstream::ProxyEnvironment proxies, upstream::ProxyEnvironment::read(secret::processVariable)
  );
  for (const upstream::ProxyEnvironment::Named& one : proxies.named()) {
    log.info(
        "upstreams are reached through a proxy", {{"from", one.variable}, {"proxy", one.proxy}}
    );
  }
  return proxies;
}

}  // namespace gatehouse
