// Service -> the endpoints of its addresses (resources.md 3.5, 7).
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <utility>
#include <vector>

#include "compile/draft.h"
#include "compile/slices.h"
#include "snapshot/backend.h"

namespace gatehouse::compile {

/// The backends of Services, each port's made once. Findings go to the draft, which outlives it.
class ServiceBackends {
 public:
  using Made = std::expected<snapshot::BackendHandle, Problem>;

  explicit ServiceBackends(Draft& draft) : draft_(draft), slices_(draft) {}

  /// Requests to the port of that number go to the addresses of its EndpointSlices; without any
  /// slice, in standalone mode, to name.namespace.svc; with type ExternalName to the name it gives,
  /// which is the Host then.
  /// Or the condition of the reference: BackendNotFound, UnsupportedProtocol.
  const Made& of(const resource::Service& service, std::uint16_t port);

 private:
  Made make(const resource::Service& service, std::uint16_t port);
  std::expected<std::vector<ServiceAddress>, Problem> addressesOf(
      const resource::Service& service, const resource::ServicePort& port
  );

  Draft& draft_;
  SliceIndex slices_;
  std::map<std::pair<const resource::Service*, std::uint16_t>, Made> made_;
};

}  // namespace gatehouse::compile
