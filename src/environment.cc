#include "environment.h"

#include <utility>

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
