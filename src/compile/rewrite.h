// Rules whose upstreams are reached otherwise than those of their backends: by a certificate of the
// Gateway, through a proxy that a policy names.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <memory>

#include "snapshot/backend.h"
#include "snapshot/route_table.h"

namespace gatehouse::compile {

/// Makes copies of rules with other endpoints. Each is made once, and what needs none stays as it
/// is.
class EndpointRewriter {
 public:
  using Changed = std::expected<upstream::EndpointHandle, snapshot::InvalidBackend>;

  /// `change` gives the endpoint to use in place of one, perhaps the same; or why requests to it
  /// must fail. Those to a backend do then, unless it is of a provider that is not the first, which
  /// is left out.
  explicit EndpointRewriter(std::function<Changed(const upstream::EndpointHandle&)> change);

  std::shared_ptr<const snapshot::Rule> rule(const std::shared_ptr<const snapshot::Rule>& from);

 private:
  std::shared_ptr<const snapshot::Rule> copy(const std::shared_ptr<const snapshot::Rule>& from);
  snapshot::BackendHandle copy(const snapshot::BackendHandle& from);
  /// Each of these: whether it changed.
  bool update(snapshot::FiltersHandle& filters);
  bool update(snapshot::BackendHandle& backend);

  std::function<Changed(const upstream::EndpointHandle&)> change_;
  std::map<std::shared_ptr<const snapshot::Rule>, std::shared_ptr<const snapshot::Rule>> rules_;
  std::map<snapshot::BackendHandle, snapshot::BackendHandle> backends_;
};

}  // namespace gatehouse::compile
