// Whatever manifests say, compiling them ends, gives a snapshot, and gives the same one again.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "compile/compile.h"
#include "compile/describe.h"
#include "resource/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse;
  static const resource::SchemaSet schemas = resource::SchemaSet::builtIn();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  resource::Loader loader(schemas, {});
  loader.add("fuzz.yaml", text);
  const resource::ResourceSet resources(loader.finish().objects, 1);
  compile::CompileOptions options;
  options.addresses.has_ipv6 = size % 2 == 0;
  const compile::Compiled first = compile::compile(resources, options);
  const compile::Compiled second = compile::compile(resources, options);
  const bool same = first.snapshot != nullptr && second.snapshot != nullptr &&
                    compile::describe(*first.snapshot) == compile::describe(*second.snapshot) &&
                    compile::describe(first.report) == compile::describe(second.report) &&
                    first.findings.size() == second.findings.size();
  if (!same) {
    std::abort();
  }
  return 0;
}
