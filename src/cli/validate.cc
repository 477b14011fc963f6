#include "cli/validate.h"

#include <utility>
#include <vector>

#include "resource/finding.h"
#include "resource/set.h"

namespace gatehouse::cli {
namespace {

std::string counted(std::size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::size_t countOf(const std::vector<resource::Finding>& findings, resource::Severity severity) {
  std::size_t count = 0;
  for (const resource::Finding& finding : findings) {
    count += finding.severity == severity ? 1 : 0;
  }
  return count;
}

}  // namespace

Verdict validate(resource::Loaded loaded, const compile::CompileOptions& options) {
  std::vector<resource::Finding> findings = std::move(loaded.findings);
  std::size_t objects = loaded.objects.size();
  const resource::ResourceSet resources(
      std::move(loaded.objects),
      1,
      loaded.refused,
      std::move(loaded.refused_tls),
      std::move(loaded.refused_routes)
  );
  compile::Compiled compiled = compile::compile(resources, options);
  findings.insert(findings.end(), compiled.findings.begin(), compiled.findings.end());
  resource::sortFindings(findings);
  Verdict verdict;
  for (const resource::Finding& finding : findings) {
    verdict.text += resource::toString(finding) + "\n";
  }
  std::size_t errors = resource::countErrors(findings);
  verdict.text += counted(objects, "object") + ", " + counted(errors, "error") + ", " +
                  counted(countOf(findings, resource::Severity::kWarning), "warning") + "\n";
  verdict.exit_code = errors == 0 ? 0 : 1;
  return verdict;
}

}  // namespace gatehouse::cli
