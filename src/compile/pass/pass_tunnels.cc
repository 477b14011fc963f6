// Through which proxy upstreams are reached where a policy says so (spec.backend.tunnel), by the
// levels of resources.md 8.1: what a backend or provider says itself, or a policy for a provider,
// goes before a policy for a rule or route, that before one for a backend or Service, that before
// one for a listener or Gateway, and that before the environment.
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "compile/claims.h"
#include "compile/endpoint.h"
#include "compile/passes.h"
#include "compile/rewrite.h"
#include "compile/tunnel.h"

namespace gatehouse::compile {
namespace {

using resource::AgentgatewayPolicy;

/// Rules and their listeners, whose backends are made.
class TunnelCompiler {
 public:
  explicit TunnelCompiler(Draft& draft) : draft_(draft), claims_(draft, std::string(kTunnelField)) {
    for (const auto& policy : draft.resources.all<AgentgatewayPolicy>()) {
      if (tunnelIn(*policy) != nullptr) {
        claims_.add(*policy);
      }
    }
  }

  void run() {
    if (claims_.empty() && draft_.tunnel_faults.empty()) {
      return;
    }
    EndpointRewriter close(
        [this](const upstream::EndpointHandle& endpoint) -> EndpointRewriter::Changed {
          const auto fault = draft_.tunnel_faults.find(endpoint);
          if (fault == draft_.tunnel_faults.end()) {
            return endpoint;
          }
          return std::unexpected(fault->second);
        }
    );
    eachPlace(draft_, [&](const Place& place, snapshot::RouteEntry& entry) {
      apply(place, entry);
      entry.rule = close.rule(entry.rule);
    });
  }

 private:
  void apply(const Place& place, snapshot::RouteEntry& entry) {
    const auto* near = winnerOf(place, Level::kRule, Level::kRoute);
    const auto* far = winnerOf(place, Level::kListener, Level::kGateway);
    if (near != nullptr) {
      entry.rule = rewriter(*near, TunnelRank::kTarget).rule(entry.rule);
    } else if (far != nullptr) {
      entry.rule = rewriter(*far, TunnelRank::kNone).rule(entry.rule);
    }
  }

  const AgentgatewayPolicy* winnerOf(const Place& place, Level first, Level second) {
    const auto* winner = claims_.winnerAt(place, first);
    return winner != nullptr ? winner : claims_.winnerAt(place, second);
  }

  /// Endpoints whose own way ranks above `most` keep it, and so do Unix sockets.
  EndpointRewriter& rewriter(const AgentgatewayPolicy& policy, TunnelRank most) {
    const auto [known, fresh] = rewriters_.try_emplace({&policy, most}, nullptr);
    if (fresh) {
      const auto& tunnel = tunnelOf(draft_, policy);
      known->second = std::make_unique<EndpointRewriter>(
          [this, most, &tunnel](const upstream::EndpointHandle& endpoint
          ) -> EndpointRewriter::Changed {
            const auto rank = draft_.tunnel_ranks.find(endpoint);
            if (!endpoint->unix_path.empty() ||
                (rank != draft_.tunnel_ranks.end() && rank->second > most)) {
              return endpoint;
            }
            if (!tunnel) {
              return std::unexpected(tunnel.error());
            }
            upstream::Endpoint made = *endpoint;
            made.tunnel = *tunnel;
            return finishEndpoint(std::move(made));
          }
      );
    }
    return *known->second;
  }

  Draft& draft_;
  Claims claims_;
  std::map<std::pair<const AgentgatewayPolicy*, TunnelRank>, std::unique_ptr<EndpointRewriter>>
      rewriters_;
};

}  // namespace

void passTunnelPolicies(Draft& draft) {
  resolveTunnelPolicies(draft);
}

void passTunnels(Draft& draft) {
  TunnelCompiler(draft).run();
}

}  // namespace gatehouse::compile
