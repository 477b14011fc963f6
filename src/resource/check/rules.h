// The rules of one value: how many of these fields, which exclude which, and the named ones of
// validate.h.
#pragma once

#include <string>

#include "resource/finding.h"
#include "resource/schema.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// Where a value stands in its document.
struct Spot {
  std::string path;
  bool preserving = false;  // unknown fields are kept here, and may be what a rule misses
};

/// Reports each rule of `type` that `value` breaks. `value` has the type's kind.
void applyRules(const wire::Value& value, const Type& type, const Spot& spot, FindingSink& sink);

}  // namespace gatehouse::resource
