#include "resource/meta.h"

#include <tuple>

#include <fmt/format.h>

namespace gatehouse::resource {

std::string qualifiedName(const ObjectKey& key) {
  return key.ns.empty() ? key.name : fmt::format("{}/{}", key.ns, key.name);
}

std::string toString(const ObjectKey& key) {
  return key.name.empty() ? key.kind : fmt::format("{} {}", key.kind, qualifiedName(key));
}

std::string toString(const Source& source) {
  if (source.position.line == 0) {
    return source.file;
  }
  return fmt::format("{}:{}:{}", source.file, source.position.line, source.position.column);
}

const std::string* findString(const StringMap& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

bool isOlder(const ObjectMeta& a, const ObjectMeta& b) {
  // RFC 3339 in UTC with second precision, as API servers write it, orders as text.
  return std::tie(a.creation_timestamp, a.key.ns, a.key.name) <
         std::tie(b.creation_timestamp, b.key.ns, b.key.name);
}

}  // namespace gatehouse::resource
