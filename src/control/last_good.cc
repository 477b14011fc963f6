#include "control/last_good.h"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <variant>

#include <fmt/format.h>

namespace gatehouse::control {
namespace {

using resource::ObjectKey;

/// What the errors of a load took away.
struct Broken {
  std::set<std::string, std::less<>> files;  // or directories that could not be read
  std::set<ObjectKey> objects;

  /// The broken file or directory that `file` is or lies in, or nothing.
  const std::string* placeOf(std::string_view file) const {
    for (const std::string& place : files) {
      const bool below = file.starts_with(place) && file.size() > place.size() &&
                         (place.ends_with('/') || file[place.size()] == '/');
      if (file == place || below) {
        return &place;
      }
    }
    return nullptr;
  }
};

Broken findBroken(const std::vector<resource::Finding>& findings) {
  Broken broken;
  for (const resource::Finding& finding : findings) {
    if (finding.severity != resource::Severity::kError) {
      continue;
    }
    if (finding.object.name.empty()) {  // no object, or one cut off before it had a name
      broken.files.insert(finding.file);
    } else {
      broken.objects.insert(finding.object);
    }
  }
  return broken;
}

/// Whether `object` is a Secret with bad values whose keys were all good before. It is kept whole
/// then: values may belong together, as a certificate and its key do.
bool wasBetterBefore(const resource::ResourceSet& before, const resource::AnyObject& object) {
  const auto* now = std::get_if<resource::Shared<resource::Secret>>(&object);
  if (now == nullptr || (*now)->unusable.empty()) {
    return false;
  }
  const ObjectKey& key = (*now)->meta.key;
  const auto* last = before.find<resource::Secret>(key.ns, key.name);
  return last != nullptr && std::ranges::all_of((*now)->unusable, [last](const std::string& name) {
           return last->find(name) != nullptr;
         });
}

std::string plural(std::size_t count) {
  return count == 1 ? "1 object" : fmt::format("{} objects", count);
}

}  // namespace

std::vector<std::string> keepLastGood(
    const resource::ResourceSet& before, resource::Loaded& loaded
) {
  if (before.generation() == 0) {
    return {};
  }
  const Broken broken = findBroken(loaded.findings);
  std::map<std::string, std::size_t> kept_of_file;
  std::map<ObjectKey, std::string> refused;  // and the broken file
  std::erase_if(loaded.objects, [&](const resource::AnyObject& object) {
    const resource::ObjectMeta& meta = resource::metaOf(object);
    const std::string* place = broken.placeOf(meta.source.file);
    if (place != nullptr) {
      refused.emplace(meta.key, *place);
    }
    return place != nullptr || wasBetterBefore(before, object);
  });
  for (const std::string& file : broken.files) {
    kept_of_file[file] = 0;
  }
  std::set<ObjectKey> present;
  for (const resource::AnyObject& object : loaded.objects) {
    present.insert(resource::metaOf(object).key);
  }
  std::vector<std::string> sentences;
  for (const resource::AnyObject& object : before.everything()) {
    const resource::ObjectMeta& meta = resource::metaOf(object);
    if (present.contains(meta.key)) {
      continue;
    }
    if (const std::string* place = broken.placeOf(meta.source.file)) {
      ++kept_of_file[*place];
    } else if (const auto moved = refused.find(meta.key); moved != refused.end()) {
      ++kept_of_file[moved->second];
    } else if (broken.objects.contains(meta.key)) {
      sentences.push_back(
          fmt::format("{} has errors; its last good state is kept", resource::toString(meta.key))
      );
    } else {
      continue;
    }
    loaded.objects.push_back(object);
    present.insert(meta.key);
  }
  for (const ObjectKey& key : broken.objects) {
    if (!present.contains(key)) {
      sentences.push_back(
          fmt::format("{} has errors and never was good; it is left out", resource::toString(key))
      );
    }
  }
  for (const auto& [place, count] : kept_of_file) {
    sentences.push_back(
        count == 0
            ? fmt::format("{} cannot be read; nothing of it is taken over", place)
            : fmt::format(
                  "{} cannot be read; the last good state of {} is kept", place, plural(count)
              )
    );
  }
  std::ranges::sort(sentences);
  return sentences;
}

}  // namespace gatehouse::control
