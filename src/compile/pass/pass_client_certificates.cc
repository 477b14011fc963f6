// The certificate a Gateway shows to upstreams (spec.tls.backend): its listeners get backends of
// their own, which differ from those of other Gateways in that certificate alone.
#include <map>
#include <memory>
#include <utility>

#include "compile/endpoint.h"
#include "compile/passes.h"

namespace gatehouse::compile {
namespace {

/// Copies of what leads to an upstream, with the certificate; what needs none stays as it is.
class Certified {
 public:
  explicit Certified(const KeyPair& pair) : pair_(pair) {}

  std::shared_ptr<const snapshot::Rule> rule(const std::shared_ptr<const snapshot::Rule>& from) {
    auto known = rules_.find(from.get());
    if (known == rules_.end()) {
      known = rules_.emplace(from.get(), copy(from)).first;
    }
    return known->second;
  }

 private:
  std::shared_ptr<const snapshot::Rule> copy(const std::shared_ptr<const snapshot::Rule>& from) {
    snapshot::Rule made = *from;
    bool changed = update(made.filters);
    for (snapshot::WeightedBackend& choice : made.backends) {
      changed = update(choice.backend) || changed;
      changed = update(choice.filters) || changed;
    }
    return changed ? std::make_shared<const snapshot::Rule>(std::move(made)) : from;
  }

  /// Each of these: whether it changed.
  bool update(snapshot::FiltersHandle& filters) {
    if (filters == nullptr || filters->mirrors.empty()) {
      return false;
    }
    snapshot::Filters made = *filters;
    bool changed = false;
    for (snapshot::Mirror& mirror : made.mirrors) {
      changed = update(mirror.backend) || changed;
    }
    if (changed) {
      filters = std::make_shared<const snapshot::Filters>(std::move(made));
    }
    return changed;
  }

  bool update(snapshot::BackendHandle& backend) {
    auto known = backends_.find(backend.get());
    if (known == backends_.end()) {
      known = backends_.emplace(backend.get(), copy(backend)).first;
    }
    return std::exchange(backend, known->second) != known->second;
  }

  snapshot::BackendHandle copy(const snapshot::BackendHandle& from) {
    snapshot::Backend made = *from;
    bool changed = false;
    if (auto* ai = std::get_if<snapshot::AiBackend>(&made.target)) {
      for (snapshot::AiProvider& provider : ai->providers) {
        changed = update(provider.endpoint) || changed;
      }
    } else if (auto* plain = std::get_if<snapshot::HttpBackend>(&made.target)) {
      for (upstream::EndpointHandle& endpoint : plain->endpoints) {
        changed = update(endpoint) || changed;
      }
    }
    return changed ? std::make_shared<const snapshot::Backend>(std::move(made)) : from;
  }

  /// One that the backend names itself stays.
  bool update(upstream::EndpointHandle& endpoint) {
    if (endpoint->tls == nullptr || endpoint->tls->client_key_pem != nullptr) {
      return false;
    }
    upstream::TlsSettings tls = *endpoint->tls;
    tls.client_certificate_pem = pair_.chain_pem;
    tls.client_key_pem = pair_.key_pem;
    upstream::Endpoint made = *endpoint;
    made.tls = std::make_shared<const upstream::TlsSettings>(std::move(tls));
    endpoint = finishEndpoint(std::move(made));
    return true;
  }

  const KeyPair& pair_;
  std::map<const snapshot::Rule*, std::shared_ptr<const snapshot::Rule>> rules_;
  std::map<const snapshot::Backend*, snapshot::BackendHandle> backends_;
};

}  // namespace

void passClientCertificates(Draft& draft) {
  for (GatewayDraft& gateway : draft.gateways) {
    if (!gateway.client_certificate) {
      continue;
    }
    Certified certified(*gateway.client_certificate);
    for (ListenerDraft& listener : gateway.listeners) {
      for (snapshot::RouteEntry& entry : listener.entries) {
        entry.rule = certified.rule(entry.rule);
      }
    }
  }
}

}  // namespace gatehouse::compile
