#include "compile/admission.h"

namespace gatehouse::compile {
namespace {

resource::StringMap labelsOf(const resource::ResourceSet& resources, const std::string& ns) {
  resource::StringMap labels;
  if (const auto* object = resources.find<resource::Namespace>("", ns); object != nullptr) {
    labels = object->meta.labels;
  }
  labels.emplace("kubernetes.io/metadata.name", ns);
  return labels;
}

}  // namespace

bool admitsNamespace(
    const resource::ResourceSet& resources,
    const resource::AllowedNamespaces& allowed,
    const std::string& own,
    const std::string& theirs
) {
  switch (allowed.from) {
    case resource::NamespacesFrom::kAll:
      return true;
    case resource::NamespacesFrom::kSame:
      return own == theirs;
    case resource::NamespacesFrom::kSelector:
      return allowed.selector.matches(labelsOf(resources, theirs));
    case resource::NamespacesFrom::kNone:
      return false;
  }
  return false;
}

}  // namespace gatehouse::compile
