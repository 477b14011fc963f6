#include "resource/decode_policy.h"

#include <string>
#include <utility>

#include "resource/decode_backend.h"
#include "resource/decode_ref.h"
#include "resource/reader.h"

namespace gatehouse::resource {

using wire::Value;

AgentgatewayPolicy decodePolicy(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  AgentgatewayPolicy policy;
  for (const Value& ref : readList(spec, "targetRefs")) {
    policy.target_refs.push_back(decodePolicyTargetRef(ref));
  }
  for (const Value& selector : readList(spec, "targetSelectors")) {
    policy.target_selectors.push_back(decodePolicyTargetSelector(selector));
  }
  policy.frontend = decodeSections(readPart(spec, "frontend"), {});
  const Value& traffic = readPart(spec, "traffic");
  policy.traffic = decodeSections(traffic, {"phase"});
  if (readText(traffic, "phase", "") == "PreRouting") {
    policy.phase = PolicyPhase::kPreRouting;
  }
  if (const Value* backend = readField(spec, "backend")) {
    policy.backend = decodeBackendPolicies(*backend, meta.key.ns);
  }
  if (readText(readPart(spec, "strategy"), "inheritance", "") == "Override") {
    policy.inheritance = PolicyInheritance::kOverride;
  }
  policy.meta = std::move(meta);
  return policy;
}

BackendTlsPolicy decodeBackendTlsPolicy(const Value& document, ObjectMeta meta) {
  const Value& spec = readPart(document, "spec");
  const Value& validation = readPart(spec, "validation");
  BackendTlsPolicy policy;
  for (const Value& ref : readList(spec, "targetRefs")) {
    policy.target_refs.push_back(decodePolicyTargetRef(ref));
  }
  policy.hostname = readText(validation, "hostname", "");
  policy.ca_certificate_refs =
      decodeObjectRefs(validation, "caCertificateRefs", meta.key.ns, "ConfigMap");
  policy.well_known_ca_certificates = readText(validation, "wellKnownCACertificates");
  for (const Value& name : readList(validation, "subjectAltNames")) {
    const std::string type = readText(name, "type", "");
    policy.subject_alt_names.push_back(
        {.type = type, .value = readText(name, type == "URI" ? "uri" : "hostname", "")}
    );
  }
  policy.options = readMap(spec, "options");
  policy.meta = std::move(meta);
  return policy;
}

}  // namespace gatehouse::resource
