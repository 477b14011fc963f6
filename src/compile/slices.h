// EndpointSlices -> the addresses of a port of a Service (discovery.k8s.io/v1; resources.md 7).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compile/draft.h"

namespace gatehouse::compile {

struct ServiceAddress {
  std::string host;  // IP address, or DNS name in lower case
  std::uint16_t port = 0;
};

/// EndpointSlices by the Service they belong to. Findings go to the draft, which outlives it.
class SliceIndex {
 public:
  explicit SliceIndex(Draft& draft);

  /// The ready addresses of all slices, each once; where none is ready, those that still serve
  /// while they terminate. Of two address families only that of the Service's clusterIP, if it has
  /// any. Nothing for a Service without slices.
  std::optional<std::vector<ServiceAddress>> addressesOf(
      const resource::Service& service, const resource::ServicePort& port
  );

 private:
  using Slices = std::vector<const resource::EndpointSlice*>;

  Draft& draft_;
  std::map<std::pair<std::string, std::string>, Slices> slices_;
};

}  // namespace gatehouse::compile
