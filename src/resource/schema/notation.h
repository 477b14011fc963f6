// The notation schemas are written in, one field a line, nested by two spaces:
//
//   == Kind group/version[,version] ns|cluster ==    starts a kind; apiVersion, kind, metadata and
//   status go without saying
//   @Name = type      @Name // rules                 starts a shared type, used as @Name; the
//   second form has fields below # words                                          documents the
//   next field field!: type                                     ! = required
//
//   type     a format of schema/format.h, int bool dur qty qty32 port intOrStr any, `secret`
//   `secretBase64` (strings never shown), `object` (free
//            form), `empty` (no fields), `{}` (fields below), `{a:type, b:type}`, `[type]n..m`,
//            `map<type>n..m`, `A|B|C` or `"A"` (with the choice `domain` also any domain-prefixed
//            name), @Name
//   then     (n..m) bounds, =default, key=member (items of the list differ in it), preserve
//   (unknown fields are kept),
//            [rule; rule] rules of this value; `// rule; rule` to the end of the line: rules of the
//            object whose fields are below
//   rule     1of(a b) <=1of(a b) >=1of(a b) together(a b) excludes(a: b c) needs(a: b c) alone(a),
//   or a name of check/validate.h
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "resource/schema.h"

namespace gatehouse::resource {

/// Parses tables that may use each other's shared types. The text is ours: a fault in it ends the
/// process, naming the line.
std::vector<KindSchema> parseNotation(std::span<const std::string_view> tables);

}  // namespace gatehouse::resource
