// HTTPRoute: checked document -> struct, defaults applied (resources.md 2).
#pragma once

#include "resource/meta.h"
#include "resource/route.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// `document` passed check/document.h. No rules become one rule; no matches become PathPrefix "/".
HttpRoute decodeHttpRoute(const wire::Value& document, ObjectMeta meta);

}  // namespace gatehouse::resource
