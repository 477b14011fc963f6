#include "compile/compile.h"

#include <algorithm>
#include <array>
#include <utility>

#include "compile/certificate.h"
#include "compile/draft.h"
#include "compile/passes.h"

namespace gatehouse::compile {
namespace {

struct Pass {
  std::string_view name;
  void (*run)(Draft& draft);
};

/// Order is code: each pass says what it needs to stand after.
constexpr std::array kPasses{
    Pass{"gateways", passGateways},
    Pass{"effects", passEffects},            // of the Gateways that are ours
    Pass{"listeners", passListeners},        // of the Gateways that are ours
    Pass{"certificates", passCertificates},  // of the listeners that speak TLS
    Pass{"addresses", passAddresses},        // of the ports of listeners without conflict
    Pass{"secrets", passSecrets},
    Pass{"tls policies", passTlsPolicies},
    Pass{"tunnel policies", passTunnelPolicies},
    Pass{"backends", passBackends},                       // with their credentials, TLS and proxies
    Pass{"routes", passRoutes},                           // to listeners
    Pass{"references", passReferences},                   // from rules to backends
    Pass{"filters", passFilters},                         // of rules that have their backends
    Pass{"rules", passRules},                             // whole, for every listener attached to
    Pass{"traffic", passTraffic},                         // of rules with all their entries
    Pass{"tunnels", passTunnels},                         // of rules with their backends and copies
    Pass{"frontend", passFrontend},                       // of the ports that have addresses
    Pass{"policies", passPolicies},                       // reach Gateways by routes and references
    Pass{"order", passOrder},                             // of all entries of a listener
    Pass{"client certificates", passClientCertificates},  // of rules as they will be served
    Pass{"status", passStatus},                           // when all problems are known
    Pass{"verify", passVerify},
};

/// Passes may come upon the same fault twice, as when several providers share one credential.
void dropRepeated(std::vector<resource::Finding>& findings) {
  const auto same = [](const resource::Finding& a, const resource::Finding& b) {
    return a.object == b.object && a.field == b.field && a.message == b.message;
  };
  findings.erase(std::unique(findings.begin(), findings.end(), same), findings.end());
}

}  // namespace

Compiled compile(const resource::ResourceSet& resources, const CompileOptions& options) {
  Draft draft(resources, options);
  for (const Pass& pass : kPasses) {
    pass.run(draft);
  }
  resource::sortFindings(draft.findings);
  dropRepeated(draft.findings);
  std::vector<CertificateUse> certificates;
  std::optional<WallMicros> changes_at;
  for (auto& [secret, use] : draft.certificates) {
    const auto age = nextAge(use.facts, options.now);
    if (age && (!changes_at || *age < *changes_at)) {
      changes_at = age;
    }
    certificates.push_back(std::move(use));
  }
  return Compiled{
      .snapshot = std::move(draft.snapshot),
      .report = std::move(draft.report),
      .findings = std::move(draft.findings),
      .certificates = std::move(certificates),
      .changes_at = changes_at,
      .flag_errors = std::move(draft.flag_errors),
  };
}

std::vector<std::string_view> passNames() {
  std::vector<std::string_view> names;
  names.reserve(kPasses.size());
  for (const Pass& pass : kPasses) {
    names.push_back(pass.name);
  }
  return names;
}

}  // namespace gatehouse::compile
