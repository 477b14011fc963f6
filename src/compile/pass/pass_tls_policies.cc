// BackendTLSPolicies, before what they are for is made (resources.md 3.7).
#include "compile/passes.h"
#include "compile/tls_policy.h"

namespace gatehouse::compile {

void passTlsPolicies(Draft& draft) {
  resolveTlsPolicies(draft);
}

}  // namespace gatehouse::compile
