// The certificate a Gateway shows to upstreams (spec.tls.backend): its listeners get backends of
// their own, which differ from those of other Gateways in that certificate alone.
#include <memory>
#include <utility>

#include "compile/endpoint.h"
#include "compile/passes.h"
#include "compile/rewrite.h"

namespace gatehouse::compile {
namespace {

/// One that the backend names itself stays.
upstream::EndpointHandle certified(const upstream::EndpointHandle& endpoint, const KeyPair& pair) {
  if (endpoint->tls == nullptr || endpoint->tls->client_key_pem != nullptr) {
    return endpoint;
  }
  upstream::TlsSettings tls = *endpoint->tls;
  tls.client_certificate_pem = pair.chain_pem;
  tls.client_key_pem = pair.key_pem;
  upstream::Endpoint made = *endpoint;
  made.tls = std::make_shared<const upstream::TlsSettings>(std::move(tls));
  return finishEndpoint(std::move(made));
}

}  // namespace

void passClientCertificates(Draft& draft) {
  for (GatewayDraft& gateway : draft.gateways) {
    if (!gateway.client_certificate) {
      continue;
    }
    EndpointRewriter rewriter([&](const upstream::EndpointHandle& endpoint) {
      return certified(endpoint, *gateway.client_certificate);
    });
    for (ListenerDraft& listener : gateway.listeners) {
      for (snapshot::RouteEntry& entry : listener.entries) {
        entry.rule = rewriter.rule(entry.rule);
      }
    }
  }
}

}  // namespace gatehouse::compile
