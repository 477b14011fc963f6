#include "resource/set.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"

namespace gatehouse::resource {
namespace {

/// Calls `visit` with the list of each kind.
template <typename Lists, typename Visit>
void forEachList(Lists& lists, Visit visit) {
  std::apply([&](auto&... list) { (visit(list), ...); }, lists);
}

}  // namespace

const ObjectMeta& metaOf(const AnyObject& object) {
  return std::visit([](const auto& shared) -> const ObjectMeta& { return shared->meta; }, object);
}

ResourceSet::ResourceSet(
    std::vector<AnyObject> objects,
    std::uint64_t generation,
    const std::vector<ObjectKey>& refused,
    std::vector<Shared<BackendTlsPolicy>> refused_tls,
    std::vector<RefusedRoute> refused_routes
)
    : refused_(refused.begin(), refused.end()),
      refused_tls_(std::move(refused_tls)),
      refused_routes_(std::move(refused_routes)),
      generation_(generation) {
  for (AnyObject& object : objects) {
    std::visit(
        [this]<typename T>(Shared<T>& shared) {
          GATEHOUSE_INVARIANT(shared != nullptr);
          std::get<std::vector<Shared<T>>>(kinds_).push_back(std::move(shared));
        },
        object
    );
  }
  forEachList(kinds_, [](auto& list) {
    std::ranges::sort(list, [](const auto& a, const auto& b) {
      const ObjectKey& left = a->meta.key;
      const ObjectKey& right = b->meta.key;
      return std::tie(left.ns, left.name, left.kind, left.group) <
             std::tie(right.ns, right.name, right.kind, right.group);
    });
  });
}

std::vector<AnyObject> ResourceSet::everything() const {
  std::vector<AnyObject> objects;
  objects.reserve(size());
  forEachList(kinds_, [&](const auto& list) {
    objects.insert(objects.end(), list.begin(), list.end());
  });
  std::ranges::sort(objects, [](const AnyObject& a, const AnyObject& b) {
    const ObjectKey& left = metaOf(a).key;
    const ObjectKey& right = metaOf(b).key;
    return std::tie(left.kind, left.group, left.ns, left.name) <
           std::tie(right.kind, right.group, right.ns, right.name);
  });
  return objects;
}

std::size_t ResourceSet::size() const {
  std::size_t total = 0;
  forEachList(kinds_, [&](const auto& list) { total += list.size(); });
  return total;
}

int ResourceSet::compareName(const ObjectKey& key, std::string_view ns, std::string_view name) {
  const int by_namespace = key.ns.compare(ns);
  return by_namespace != 0 ? by_namespace : key.name.compare(name);
}

}  // namespace gatehouse::resource
