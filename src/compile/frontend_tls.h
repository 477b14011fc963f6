// spec.frontend.tls of a policy: how TLS is spoken on a port (resources.md 5).
#pragma once

#include <expected>
#include <string>

#include "compile/draft.h"
#include "resource/meta.h"
#include "snapshot/snapshot.h"
#include "wire/json.h"

namespace gatehouse::compile {

/// What the section `tls` of `policy` makes of a port; or why nothing can be spoken as it is
/// written, a finding told. What of it is only left out is a finding.
std::expected<snapshot::TlsLimits, std::string> tlsLimitsOf(
    Draft& draft, const resource::ObjectMeta& policy, const wire::Value& section
);

/// Names of groups as the TLS library has them, of those that it knows; the others are findings
/// about `field`.
std::vector<std::string> knownGroups(
    Draft& draft,
    const resource::ObjectMeta& meta,
    const std::string& field,
    const std::vector<std::string>& groups
);

}  // namespace gatehouse::compile
