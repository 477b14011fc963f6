// The configuration of a start without any: manifests made from what is found on the machine, which
// then go the way of all manifests (loader, compile). Keys are named by their environment variable,
// never written down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resource/load.h"
#include "resource/schema.h"
#include "secret/from_environment.h"

namespace gatehouse::compile {

/// A model server that answered on loopback.
struct LocalServer {
  std::uint16_t port = 0;
};

/// Ports of well-known local model servers, to be probed: 11434, 8000, 1234, 8080.
std::vector<std::uint16_t> localServerPorts();

/// One route that was made, for the start-up table.
struct ZeroRoute {
  std::string path;  // "/openai"
  std::string
      target;  // "https://api.openai.com", "http://127.0.0.1:11434", "built-in simulated model"
  std::string key_from;  // "OPENAI_API_KEY"; empty: none needed
};

struct ZeroConfig {
  std::string yaml;  // the manifests; a good start for a file of one's own
  std::vector<ZeroRoute> routes;
};

/// Gateway gatehouse/gateway on port 8080 (8081 when a local server holds 8080), one HTTPRoute and
/// AgentgatewayBackend a provider with a key, one a local server, and always /sim.
ZeroConfig makeZeroConfig(
    const secret::LookUpVariable& look_up, const std::vector<LocalServer>& servers
);

/// The objects of the manifests; `look_up` gives the keys.
resource::Loaded loadZeroConfig(
    const ZeroConfig& config,
    const resource::SchemaSet& schemas,
    const secret::LookUpVariable& look_up
);

}  // namespace gatehouse::compile
