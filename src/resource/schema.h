// Field tables of every kind: one source for checking, CRDs, docs and the UI. The tables are
// written in the compact notation of schema/notation.h, in schema/table_<family>.cc, and parsed
// once into the types below.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resource/meta.h"

namespace gatehouse::resource {

struct Type;

/// A rule over the fields of one object, or over one list. Field names may be dotted paths.
struct Rule {
  enum class Kind : std::uint8_t {
    kExactlyOne,  // 1of(a b)
    kAtMostOne,   // <=1of(a b)
    kAtLeastOne,  // >=1of(a b)
    kTogether,    // together(a b): all or none
    kExcludes,    // excludes(a: b c): with a, neither b nor c
    kNeeds,       // needs(a: b c): with a, also b and c
    kAlone,       // alone(a): with a, nothing else
    kNamed,       // a function of check/validate.h
  };
  Kind kind = Kind::kNamed;
  std::vector<std::string> fields;  // of kExcludes, kNeeds: the condition first
  std::string name;                 // of kNamed
};

struct Field {
  std::string name;
  std::string doc;
  std::optional<std::string> default_text;  // as written in the notation
  std::shared_ptr<const Type> type;
  bool required = false;
};

/// What a value must be.
struct Type {
  enum class Kind : std::uint8_t {
    kString,
    kInteger,
    kBoolean,
    kDuration,  // bounds in milliseconds
    kQuantity,  // bounds in bytes
    kIntOrString,
    kObject,
    kList,  // bounds in items
    kMap,   // bounds in entries
    kAny,
  };
  Kind kind = Kind::kAny;
  std::string format;  // of strings: name of a format of schema/format.h, or empty
  std::optional<std::int64_t> min;
  std::optional<std::int64_t> max;
  std::vector<std::string> choices;  // of strings: the allowed values; empty: any
  bool other_choices = false;        // beside `choices`, a domain-prefixed name
  bool sensitive = false;            // the value is never shown
  bool preserve_unknown =
      false;  // of objects: fields not listed are kept without a word, at any depth
  std::shared_ptr<const Type> element;  // of lists and maps
  std::string list_key;                 // of lists: the member that tells items apart
  std::vector<Field> fields;            // of objects; empty with preserve_unknown: free form
  std::vector<Rule> rules;

  const Field* find(std::string_view name) const [[clang::lifetimebound]];
};

enum class Scope : std::uint8_t { kNamespaced, kCluster };

/// One kind: where it lives and what its document may hold.
struct KindSchema {
  std::string group;
  std::vector<std::string> versions;
  std::string kind;
  Scope scope = Scope::kNamespaced;
  std::shared_ptr<const Type> type;  // the whole document
};

/// All kinds. Immutable after construction; any thread.
class SchemaSet {
 public:
  /// The kinds of resources.md, section 1. A fault in the tables is a bug and ends the process.
  static SchemaSet builtIn();
  explicit SchemaSet(std::vector<KindSchema> kinds);

  const KindSchema* find(std::string_view group, std::string_view kind) const
      [[clang::lifetimebound]];
  /// True if some kind of ours lives in `group`.
  bool hasGroup(std::string_view group) const;
  const std::vector<KindSchema>& kinds() const [[clang::lifetimebound]] { return kinds_; }

 private:
  std::vector<KindSchema> kinds_;
};

}  // namespace gatehouse::resource
