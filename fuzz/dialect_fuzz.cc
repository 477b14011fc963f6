// Any path: what is matched lies within it, a slash at the end changes nothing, a prefix in front
// changes only the prefix.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "llm/dialect_match.h"

namespace gatehouse::llm {
namespace {

bool within(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void run(http::Method method, std::string_view path) {
  DialectMatch match = matchDialect(method, path, {});
  GATEHOUSE_INVARIANT(within(match.prefix, path));
  GATEHOUSE_INVARIANT(within(match.own_path, path));
  GATEHOUSE_INVARIANT(within(match.path_model, path));
  GATEHOUSE_INVARIANT(match.prefix.size() + match.own_path.size() <= path.size());

  if (!path.contains('?')) {
    std::string slash = std::string(path) + '/';
    GATEHOUSE_INVARIANT(matchDialect(method, slash, {}).dialect == match.dialect);
  }
  if (match.dialect != Dialect::kUnknown && path.starts_with('/')) {
    std::string prefixed = "/some/prefix" + std::string(path);
    DialectMatch same = matchDialect(method, prefixed, {});
    GATEHOUSE_INVARIANT(same.dialect == match.dialect);
    GATEHOUSE_INVARIANT(same.own_path == match.own_path);
    GATEHOUSE_INVARIANT(same.path_model == match.path_model);
  }
  Result<DialectMatch> detected = detectDialect(method, path, Upgrade::kNone, {});
  GATEHOUSE_INVARIANT(!detected || detected->dialect == match.dialect);
}

}  // namespace
}  // namespace gatehouse::llm

/// The first byte chooses the method; the path follows.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gatehouse::http::Method;
  if (size == 0) {
    return 0;
  }
  constexpr Method kMethods[] = {Method::kGet, Method::kPost, Method::kDelete};
  std::string_view path(reinterpret_cast<const char*>(data) + 1, size - 1);
  gatehouse::llm::run(kMethods[data[0] % 3], path);
  return 0;
}
