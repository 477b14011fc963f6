// One line of the schema notation: a field's name and its type expression. Used by
// notation.cc, which knows about lines, nesting and definitions.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resource/schema.h"

namespace gatehouse::resource {

/// What a type expression says.
struct TypeExpression {
  std::shared_ptr<Type> type;
  std::shared_ptr<Type> block;  // the object whose fields are the lines below, if any
  std::optional<std::string> default_text;
};

/// The shared type of a name.
using FindSharedType = std::function<std::shared_ptr<const Type>(std::string_view name)>;

/// Takes `name!:` off the front of `text`.
Field takeFieldName(std::string_view& text);

/// Takes a type expression with all its suffixes off the front of `text`.
TypeExpression takeTypeExpression(std::string_view& text, const FindSharedType& shared);

/// Adds the rules of `text`, separated by semicolons.
void addRules(Type& type, std::string_view text);

std::string_view trimSpaces(std::string_view text);
/// Parts without the spaces around them; empty ones are left out.
std::vector<std::string_view> splitTrimmed(std::string_view text, char separator);

/// Ends the process: the tables are ours, so a fault in them is a bug.
[[noreturn]] void schemaFault(std::string_view what, std::string_view where);

}  // namespace gatehouse::resource
