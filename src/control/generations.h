// Generations of objects whose source counts none: what metadata.generation is in a cluster, so
// that every condition tells which state of its object it is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "resource/meta.h"
#include "wire/json.h"

namespace gatehouse::control {

/// Owner's thread only.
class Generations {
 public:
  /// 1 for an object that is new, one more than the last time when its spec has changed; 0 for one
  /// without spec.
  std::int64_t count(const resource::ObjectKey& key, const wire::Value& object);
  /// Forgets the objects that were not counted since the last call.
  void forgetUncounted();

 private:
  struct Entry {
    std::size_t spec = 0;  // its hash
    std::int64_t generation = 0;
    bool counted = false;
  };
  std::map<resource::ObjectKey, Entry> entries_;
};

}  // namespace gatehouse::control
