#include "control/generations.h"

#include <functional>
#include <string>

#include "wire/json_write.h"

namespace gatehouse::control {

std::int64_t Generations::count(const resource::ObjectKey& key, const wire::Value& object) {
  const wire::Value* spec = object.find("spec");
  if (spec == nullptr) {
    return 0;
  }
  const std::size_t hash = std::hash<std::string>()(wire::writeJson(*spec));
  Entry& entry = entries_[key];
  if (entry.generation == 0 || entry.spec != hash) {
    entry.spec = hash;
    ++entry.generation;
  }
  entry.counted = true;
  return entry.generation;
}

void Generations::forgetUncounted() {
  std::erase_if(entries_, [](const auto& item) { return !item.second.counted; });
  for (auto& [key, entry] : entries_) {
    entry.counted = false;
  }
}

}  // namespace gatehouse::control
