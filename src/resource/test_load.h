// For the tests of this room: manifests in, decoded objects out. Findings go to stderr.
#pragma once

#include <cstdio>
#include <string_view>
#include <utility>

#include "resource/load.h"

namespace gatehouse::resource {

/// Loads `yaml`; objects only if nothing was found.
inline Loaded loadClean(std::string_view yaml, LookUpVariable variable = {}) {
  const SchemaSet schemas = SchemaSet::builtIn();
  Loader loader(schemas, {.variable = std::move(variable)});
  loader.add("test.yaml", yaml);
  Loaded loaded = loader.finish();
  for (const Finding& finding : loaded.findings) {
    std::fprintf(stderr, "%s\n", toString(finding).c_str());
  }
  return loaded.findings.empty() ? loaded : Loaded{};
}

/// The only object of `yaml`, which must be a T without findings; null otherwise.
template <typename T>
Shared<T> loadOne(std::string_view yaml) {
  const Loaded loaded = loadClean(yaml);
  if (loaded.objects.size() != 1 || !std::holds_alternative<Shared<T>>(loaded.objects.front())) {
    return nullptr;
  }
  return std::get<Shared<T>>(loaded.objects.front());
}

}  // namespace gatehouse::resource
