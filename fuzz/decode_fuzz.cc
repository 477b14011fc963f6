// Any text, read as manifests: load, check, decode, build the set, show it. Nothing may crash, and
// the same text gives the same findings twice.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "resource/load.h"

namespace {

using gatehouse::resource::Finding;
using gatehouse::resource::Loaded;
using gatehouse::resource::Loader;
using gatehouse::resource::ResourceSet;
using gatehouse::resource::SchemaSet;

const SchemaSet& schemas() {
  static const SchemaSet kSchemas = SchemaSet::builtIn();
  return kSchemas;
}

std::optional<std::string> lookUp(std::string_view name) {
  return name.size() % 2 == 0 ? std::optional<std::string>("value") : std::nullopt;
}

Loaded load(std::string_view text, bool strict) {
  Loader loader(schemas(), {.strict = strict, .variable = lookUp});
  loader.add("fuzz.yaml", text);
  return loader.finish();
}

std::string print(const Loaded& loaded) {
  std::string text;
  for (const Finding& finding : loaded.findings) {
    text += toString(finding) + "\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Loaded first = load(text, false);
  const std::string printed = print(first);
  if (printed != print(load(text, false))) {
    std::abort();
  }
  load(text, true);
  const std::size_t count = first.objects.size();
  const ResourceSet set(std::move(first.objects), 1);
  if (set.size() != count || set.everything().size() != count) {
    std::abort();
  }
  return 0;
}
