// Steps 9 and 10 of the walk, the same for every kind of backend: the request as the upstream shall
// see it goes out with the right credential, and the head of its reply comes back, noted in the
// record.
#pragma once

#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"
#include "http/credential.h"
#include "io/task.h"
#include "proxy/exchange.h"
#include "proxy/worker.h"
#include "upstream/credential_choice.h"
#include "upstream/endpoint.h"

namespace gatehouse::proxy {

/// What stands at the other end: a model provider is not told what a browser sends along, and what
/// it says of its own affairs stays here; a plain HTTP service gets and gives all end-to-end
/// fields.
enum class Callee : std::uint8_t { kProvider, kService };

/// Whom to call. The names are kept by the record.
struct UpstreamCall {
  Callee callee = Callee::kProvider;
  upstream::EndpointHandle endpoint;
  const upstream::BackendAuth* auth = nullptr;  // lives in the pinned snapshot
  telemetry::Name provider;                     // empty for a backend that is no model provider
  std::string_view model_sent;                  // empty if none; outlives the call
  const std::vector<upstream::EndpointHandle>* others = nullptr;  // that it may be tried at again
  MonoTime begin{};                                               // of the attempt
  Nanos timeout{0};  // of each attempt, to the response head; zero is off
};

/// The request head upstream: method, `target` and fields of the client's without what is the hop's
/// own, Host and credential being those of the backend.
Result<http::RequestHead> upstreamHead(Exchange& x, const UpstreamCall& call, std::string target);

/// Sends and waits for the response head, again where the rule says so. Fields that are not the
/// client's business are taken out, ours are added. `request` outlives the task.
io::Task<Result<http::ClientResponse>> callUpstream(
    Worker& worker, Exchange& x, UpstreamCall call, http::ClientRequest& request
);

/// One try of it.
io::Task<Result<http::ClientResponse>> callOnce(
    Worker& worker, Exchange& x, UpstreamCall call, http::ClientRequest& request
);

/// The shorter of the limits that are on.
Nanos shorterTimeout(Nanos a, Nanos b);

/// The client's body, passed on as it arrives. The exchange outlives it.
http::Body clientBody(Exchange& x);

}  // namespace gatehouse::proxy
