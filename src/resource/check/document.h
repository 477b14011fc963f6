// One object against its schema: unknown fields, types, bounds, choices, required fields, rules,
// duplicate list keys.
#pragma once

#include "resource/finding.h"
#include "resource/schema.h"
#include "wire/json.h"

namespace gatehouse::resource {

/// Reports everything wrong with `document`. If nothing is an error, the decoders read it without
/// loss. The values of a Secret are left to decodeSecret.
void checkDocument(const wire::Value& document, const KindSchema& schema, FindingSink& sink);

/// A copy fit for showing: sensitive values replaced, fields the schema does not know left out.
wire::Value showable(const wire::Value& document, const KindSchema& schema);

}  // namespace gatehouse::resource
