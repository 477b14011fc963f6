// What a route's backend reference became. Immutable; made by compile; safe from any thread.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "llm/provider/provider.h"
#include "telemetry/record.h"
#include "upstream/credential_choice.h"
#include "upstream/endpoint.h"

namespace gatehouse::snapshot {

/// One model provider of an AI backend.
struct AiProvider {
  telemetry::Name name;
  llm::ProviderSettings llm;
  upstream::EndpointHandle endpoint;
  upstream::BackendAuth auth;
  Nanos response_timeout{0};  // to the response head; zero is off
};

/// An `ai` backend. `providers` is never empty; the first is used.
struct AiBackend {
  std::vector<AiProvider> providers;
};

/// The built-in simulated model.
struct SimulatedBackend {
  telemetry::Name provider{"simulated"};  // what records name
};

/// A `static` backend or a Service: plain HTTP to one of the endpoints.
struct HttpBackend {
  std::vector<upstream::EndpointHandle> endpoints;  // empty: 503
  upstream::BackendAuth auth;
  Nanos response_timeout{0};
};

/// A reference that does not resolve; its share of requests is answered with this error.
struct InvalidBackend {
  ErrorKind kind = ErrorKind::kNoBackend;
  std::string reason;
  bool plain = false;  // no model was meant
};

struct Backend {
  telemetry::Name name;  // "namespace/name"
  std::variant<InvalidBackend, AiBackend, SimulatedBackend, HttpBackend> target;

  /// No model, or none meant: clients get errors as problem+json (D8).
  bool isPlain() const {
    const auto* invalid = std::get_if<InvalidBackend>(&target);
    return invalid == nullptr ? std::holds_alternative<HttpBackend>(target) : invalid->plain;
  }
};

using BackendHandle = std::shared_ptr<const Backend>;

}  // namespace gatehouse::snapshot
